"""The import paths of pymess, for projects that come from it (docs/coming-from.md).

`"heliograph.django.pymess"` in INSTALLED_APPS, before the apps that import `pymess`: from then on `pymess.backend.sms`,
`pymess.models.sms` and the rest are ours, even where the package pymess is still installed.
"""

from heliograph.django.pymess.paths import install

install()
