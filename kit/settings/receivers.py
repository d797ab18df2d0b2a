"""The settings of who is told of alerts, by which way and when not."""

from typing import ClassVar, Self, cast

from pydantic import Field, model_validator

from kit.settings.section import Section, listing, wrong
from kit.settings.values import (
    Address,
    Channel,
    FilePath,
    HttpUrl,
    MailAddress,
    Name,
    Severity,
    TimeRange,
    TimeZone,
    UserName,
    VariableName,
    Weekday,
)

RECEIVER_KINDS = ("webhook", "slack", "pagerduty", "email")


class _Secretive(Section):
    """A section with one secret: the contents of the file `<hidden>_file` or of the variable `<hidden>_env`."""

    hidden: ClassVar[str]
    hidden_is: ClassVar[str]
    """In words, for errors."""
    one_of: ClassVar[tuple[str, ...]]
    """The fields of which exactly one is to be given."""

    @property
    def secret_file(self) -> str | None:
        return cast("str | None", getattr(self, f"{self.hidden}_file"))

    @property
    def secret_env(self) -> str | None:
        return cast("str | None", getattr(self, f"{self.hidden}_env"))

    @property
    def _given(self) -> list[str]:
        return [name for name in self.one_of if getattr(self, name) is not None]

    @model_validator(mode="after")
    def _secret_is_given(self) -> Self:
        self._check_given()
        return self

    def _check_given(self) -> None:
        if len(self._given) != 1:
            found = f"{listing(self._given)} are all given" if self._given else f"no {self.hidden_is}"
            raise wrong(found, f"write exactly one of {listing(list(self.one_of))}")


class Webhook(_Secretive):
    """Where notifications are posted as Alertmanager's JSON. Exactly one of the three."""

    hidden = "url"
    hidden_is = "address"
    one_of = ("url", "url_file", "url_env")

    url: HttpUrl | None = Field(default=None, description="Only where the address itself is no secret.")
    url_file: FilePath | None = Field(default=None, description="A file that holds the address.")
    url_env: VariableName | None = Field(default=None, description="An environment variable that holds the address.")
    watchdog: bool = Field(
        default=False,
        description="true: it gets the Watchdog every minute and nothing else, and raises the alarm when that stops.",
    )


class Slack(_Secretive):
    """A channel of Slack, by an incoming webhook. Its address is a secret."""

    hidden = "api_url"
    hidden_is = "address of the webhook"
    one_of = ("api_url_file", "api_url_env")

    api_url_file: FilePath | None = Field(default=None, description="A file that holds the webhook's address.")
    api_url_env: VariableName | None = Field(default=None, description="An environment variable that holds it.")
    channel: Channel | None = Field(default=None, description="Where the webhook may choose it: #name, @name or an id.")


class PagerDuty(_Secretive):
    """A service of PagerDuty, by its integration key of the Events API v2."""

    hidden = "routing_key"
    hidden_is = "routing key"
    one_of = ("routing_key_file", "routing_key_env")

    routing_key_file: FilePath | None = Field(default=None, description="A file that holds the integration key.")
    routing_key_env: VariableName | None = Field(default=None, description="An environment variable that holds it.")
    url: HttpUrl = Field(
        default="https://events.pagerduty.com/v2/enqueue",
        description="Accounts of the EU have https://events.eu.pagerduty.com/v2/enqueue.",
    )


class Email(_Secretive):
    """Mail by a server of yours."""

    hidden = "password"
    hidden_is = "password"
    one_of = ("password_file", "password_env")

    smarthost: Address = Field(description="host:port of the mail server.")
    from_: MailAddress = Field(alias="from")
    to: list[MailAddress] = Field(min_length=1)
    user: UserName | None = None
    password_file: FilePath | None = Field(default=None, description="A file that holds the user's password.")
    password_env: VariableName | None = Field(default=None, description="An environment variable that holds it.")
    require_tls: bool = Field(default=True, description="false: also unencrypted. Only for a server on this machine.")
    ca_file: FilePath | None = Field(
        default=None, description="Certificates to trust, where an authority of your own has signed the server's."
    )

    def _check_given(self) -> None:
        """A user needs a password, and a password a user."""
        if self.user is not None:
            super()._check_given()
        elif self._given:
            raise wrong(f"{listing(self._given)} without a user", "add user, or leave the password out")


Way = Webhook | Slack | PagerDuty | Email


class MuteTime(Section):
    """Times at which a receiver that names them gets nothing."""

    name: Name
    times: list[TimeRange] = Field(
        default=[], description='"22:00-07:00"; it may go over midnight. None: the whole day.'
    )
    weekdays: list[Weekday] = Field(default=[], description="On which it begins. None: on each.")
    time_zone: TimeZone = "UTC"

    @model_validator(mode="after")
    def _not_always(self) -> Self:
        if not self.times and not self.weekdays:
            raise wrong(f"{self.name!r} names no time", 'add times: ["22:00-07:00"], weekdays: [saturday], or both')
        return self


class Receiver(Section):
    """Somebody who gets notifications, by exactly one way, and which."""

    name: Name
    webhook: Webhook | None = None
    slack: Slack | None = None
    pagerduty: PagerDuty | None = None
    email: Email | None = None
    severities: list[Severity] | None = Field(
        default=None,
        min_length=1,
        description="pagerduty: critical; slack and webhook: warning, error, critical; email: info, once a day.",
    )
    teams: list[Name] = Field(default=[], description="Only alerts with one of these in their label `team`.")
    mute: list[Name] = Field(default=[], description="When it gets nothing: names of entries of `mute`.")
    fallback: bool = Field(default=False, description="It gets what no other receiver takes.")
    pipeline: bool = Field(default=False, description="It gets alerts about notifications that do not arrive.")

    @model_validator(mode="after")
    def _exactly_one_way(self) -> Self:
        given = [kind for kind in RECEIVER_KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            found = f"{listing(given)} are all given" if given else "no way to reach it"
            raise wrong(found, f"write exactly one of {listing(list(RECEIVER_KINDS))}")
        return self

    @model_validator(mode="after")
    def _watchdog_alone(self) -> Self:
        others = [name for name in ("severities", "teams", "mute", "fallback", "pipeline") if getattr(self, name)]
        if self.webhook is not None and self.webhook.watchdog and others:
            found = f"{listing(others)} of a receiver that gets the Watchdog and nothing else"
            raise wrong(found, f"leave {listing(others)} out, or add another receiver for other alerts", others[0])
        return self

    @property
    def kind(self) -> str:
        """One of RECEIVER_KINDS."""
        return next(kind for kind in RECEIVER_KINDS if getattr(self, kind) is not None)

    @property
    def way(self) -> Way:
        """The section of its kind."""
        return cast("Way", getattr(self, self.kind))
