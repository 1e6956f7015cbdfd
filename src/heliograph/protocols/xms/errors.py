"""What a server of XMS refuses, as exceptions of the client."""

from __future__ import annotations

from heliograph.calling import RemoteError


class ApiException(RemoteError):
    """An XMS server did not do what it was asked."""


class ErrorResponseException(ApiException):
    """The XMS server refused the request: `error_code` is its word for why, the message its explanation."""

    def __init__(self, text: str, error_code: str) -> None:
        super().__init__(text)
        self.error_code = error_code

    @property
    def vendor_code(self) -> str | None:
        return self.error_code


class UnauthorizedException(ApiException):
    """The XMS server did not take the token for this service plan."""

    def __init__(self, service_plan_id: str) -> None:
        super().__init__(f"The token is not one of service plan {service_plan_id!r}.")
        self.service_plan_id = service_plan_id


class NotFoundException(ApiException):
    """The XMS server has no such batch, group, message or report."""

    def __init__(self, url: str) -> None:
        super().__init__(f"There is nothing at {url}.")
        self.url = url


class UnexpectedResponseException(ApiException):
    """The XMS server's answer is not one of the protocol's."""

    def __init__(self, message: str, http_body: str, status: int) -> None:
        super().__init__(message)
        self.http_body = http_body
        self.status = status
