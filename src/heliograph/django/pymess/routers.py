"""What pymess has in `pymess.backend.routers`."""

from heliograph.django.routers import BaseSMSRouter

BaseRouter = DefaultBackendRouter = BaseSMSRouter

__all__ = ["BaseRouter", "DefaultBackendRouter"]
