from heliograph.django.models import AbstractSMSTemplate


class Wording(AbstractSMSTemplate):
    """A project's own template: what it says is signed."""

    def get_body(self):
        return f"{self.body} Yours, Acme"
