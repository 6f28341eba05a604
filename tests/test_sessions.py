"""Session ids: what keeps people apart, and that nobody can name the session of somebody else."""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flowdsl import Inbound, Prompt, SessionConfig, Steps, flow
from flowdsl.errors import ConfigurationError, MissingIdentifier

NUMBER = "+233244123456"
DIGEST = hashlib.sha256(NUMBER.encode()).hexdigest()
URL = "tenant1.example.com/ussd"


@flow
def registration() -> Steps[None]:
    """Ask one question."""
    yield Prompt("name", "Name?")


def message(**fields: Any) -> Inbound:
    """Make a message on USSD with all fields that may say whose it is."""
    known: dict[str, Any] = {
        "platform": "ussd",
        "gateway": "nalo",
        "msisdn": NUMBER,
        "request_id": "abc123",
        "user_id": "user-7",
        "url": URL,
    }
    return Inbound(**known | fields)


def session(config: SessionConfig, **fields: Any) -> str:
    return config.session_id(message(**fields), flow="registration")


def test_an_id_is_flow_platform_gateway_and_identifier() -> None:
    """Without settings, sessions on USSD are those of the gateway, for each flow."""
    assert session(SessionConfig()) == "registration:ussd:nalo:abc123"


def test_a_flow_is_known_by_its_name() -> None:
    """The flow itself and its name give the same session."""
    assert SessionConfig().session_id(message(), flow=registration) == session(SessionConfig())


@pytest.mark.parametrize(
    ("boundaries", "start"),
    [
        (("flow", "platform", "gateway", "url"), f"registration:ussd:nalo:{URL}:"),
        (("url", "gateway", "platform", "flow"), f"registration:ussd:nalo:{URL}:"),
        (("gateway", "flow"), "registration:nalo:"),
        (["url", "platform"], f"ussd:{URL}:"),
        ({"url": 1, "flow": 2}, f"registration:{URL}:"),
        (("flow", "flow"), "registration:"),
        (("flow",), "registration:"),
        ("flow", "registration:"),
        (("platform",), "ussd:"),
        (("gateway",), "nalo:"),
        (("url",), f"{URL}:"),
        ((), ""),
    ],
)
def test_only_enabled_boundaries_appear_in_their_order(boundaries: Any, start: str) -> None:
    """Whatever order they are given in, the parts stand in one order, and the identifier comes last."""
    assert session(SessionConfig(boundaries=boundaries)) == f"{start}abc123"


@pytest.mark.parametrize("boundaries", [("flows",), ("flow", "tenant"), ("",), (None,), "url ", ("Flow",), (1,)])
def test_an_unknown_boundary_is_an_error(boundaries: Any) -> None:
    """A misspelt boundary would keep nobody apart, so it is refused when it is given, and the known ones are named."""
    with pytest.raises(ConfigurationError, match="it is one of flow, platform, gateway, url"):
        SessionConfig(boundaries=boundaries)


@pytest.mark.parametrize(
    ("settings_", "reason"),
    [
        ({"identifier": "phone"}, "unknown identifier 'phone': it is one of msisdn, request_id, user_id"),
        ({"identifier": ""}, "unknown identifier"),
        ({"hash_length": 7}, "8 to 64"),
        ({"hash_length": 65}, "8 to 64"),
        ({"hash_length": 0}, "8 to 64"),
        ({"ttl": 0}, "positive number of seconds"),
        ({"ttl": -1.0}, "positive number of seconds"),
        ({"ttl": float("nan")}, "positive number of seconds"),
        ({"ttl": float("inf")}, "positive number of seconds"),
        ({"ttl": True}, "positive number of seconds"),
        ({"ttl": "600"}, "positive number of seconds"),
        ({"ttl": timedelta(hours=1)}, "positive number of seconds"),
        ({"secret": 5}, "protects nothing"),
        ({"secret": ""}, "protects nothing"),
        ({"secret": b""}, "protects nothing"),
        ({"id": ""}, "the session id is '': give a text"),
        ({"id": 5}, "the session id is 5: give a text"),
        ({"hash_length": "32"}, "8 to 64"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(settings_: dict[str, Any], reason: str) -> None:
    """Settings are checked when they are given, not when the first message comes."""
    with pytest.raises(ConfigurationError, match=reason):
        SessionConfig(**settings_)


# Identifiers.


@pytest.mark.parametrize(
    ("platform", "identifier", "part"),
    [
        ("ussd", None, "abc123"),
        ("whatsapp", None, DIGEST[:32]),
        ("telegram", None, hashlib.sha256(b"user-7").hexdigest()[:32]),
        ("http", None, hashlib.sha256(b"user-7").hexdigest()[:32]),
        ("ussd", "msisdn", DIGEST[:32]),
        ("ussd", "user_id", hashlib.sha256(b"user-7").hexdigest()[:32]),
        ("whatsapp", "request_id", "abc123"),
        ("telegram", "msisdn", DIGEST[:32]),
    ],
)
def test_the_identifier_is_the_platforms_or_the_one_chosen(platform: str, identifier: Any, part: str) -> None:
    """USSD goes by the gateway's session, WhatsApp by the number, others by user id, unless the settings say else."""
    config = SessionConfig(identifier=identifier)
    assert session(config, platform=platform) == f"registration:{platform}:nalo:{part}"


@pytest.mark.parametrize("empty", [None, "", " ", "\t\n"])
@pytest.mark.parametrize("identifier", ["msisdn", "request_id", "user_id"])
def test_a_message_without_its_identifier_is_refused(identifier: Any, empty: str | None) -> None:
    """Everybody without a number would share one session, so such a message is refused with 400, and told why."""
    for hashed in (True, False):
        with pytest.raises(MissingIdentifier, match=f"no {identifier}") as refused:
            session(SessionConfig(identifier=identifier, hash_phone_numbers=hashed), **{identifier: empty})
        assert refused.value.status == 400


@pytest.mark.parametrize(
    ("platform", "missing"), [("ussd", "request_id"), ("whatsapp", "msisdn"), ("telegram", "user_id"), ("http", "user_id")]
)
def test_a_message_without_its_platforms_identifier_is_refused(platform: str, missing: str) -> None:
    """One identifier never stands in silently for another."""
    with pytest.raises(MissingIdentifier, match=f"no {missing}"):
        session(SessionConfig(), platform=platform, **{missing: None})


@pytest.mark.parametrize("url", ["", "/", "//"])
def test_a_message_without_an_address_is_refused_where_addresses_count(url: str) -> None:
    """Where tenants are kept apart by address, a message that does not say its address belongs to none of them."""
    with pytest.raises(MissingIdentifier, match="address"):
        session(SessionConfig().isolate_urls(), url=url)
    assert session(SessionConfig(), url=url) == "registration:ussd:nalo:abc123"


# Hashing.


@pytest.mark.parametrize("length", [8, 9, 32, 64])
@pytest.mark.parametrize("secret", [None, "s3cret", b"s3cret"])
def test_numbers_and_user_ids_are_hashed(secret: str | bytes | None, length: int) -> None:
    """The part is the beginning of the SHA-256, or of the HMAC with the secret, text or bytes."""
    config = SessionConfig(boundaries=(), hash_length=length, secret=secret)
    for identifier, value in (("msisdn", NUMBER), ("user_id", "user-7")):
        expected = (
            hashlib.sha256(value.encode()) if secret is None else hmac.new(b"s3cret", value.encode(), hashlib.sha256)
        ).hexdigest()
        chosen: Any = identifier
        assert SessionConfig(**vars(config) | {"identifier": chosen}).session_id(message(), flow="x") == expected[:length]


def test_the_hash_has_32_digits_unless_told() -> None:
    """Eight would collide among the people of one town."""
    assert session(SessionConfig(boundaries=(), identifier="msisdn")) == DIGEST[:32]


def test_eight_digits_without_a_secret_are_the_old_ids() -> None:
    """Those who come from the older system keep their sessions: sha256 of the E.164 number, eight digits."""
    config = SessionConfig(identifier="msisdn", hash_length=8)
    assert session(config) == f"registration:ussd:nalo:{hashlib.sha256(b'+233244123456').hexdigest()[:8]}"


def test_hashing_can_really_be_turned_off() -> None:
    """With hashing off the number and the user id stand in the id as they are, with or without a secret."""
    for secret in (None, "s3cret"):
        config = SessionConfig(hash_phone_numbers=False, identifier="msisdn", secret=secret)
        assert session(config) == f"registration:ussd:nalo:{NUMBER}"
        config = SessionConfig(hash_phone_numbers=False, identifier="user_id", secret=secret)
        assert session(config) == "registration:ussd:nalo:user-7"


@pytest.mark.parametrize("request_id", [NUMBER, "233244123456", "233244123456:17", "s-233244123456-1", f"{NUMBER}/2"])
@pytest.mark.parametrize("secret", [None, "s3cret"])
def test_a_request_id_that_holds_the_number_is_hashed(request_id: str, secret: str | None) -> None:
    """Some gateways put the number into their session id, and there it must not stay readable either."""
    config = SessionConfig(secret=secret)
    made = session(config, request_id=request_id)
    assert "244123456" not in made
    assert made != session(config, request_id=f"{request_id}x")
    assert session(SessionConfig(hash_phone_numbers=False), request_id=request_id).endswith(request_id.replace(":", "%3A"))


@pytest.mark.parametrize("secret", [None, "s3cret"])
def test_no_id_shows_a_number(secret: str | None) -> None:
    """With hashing on, whatever the settings, neither the id nor the owner holds the number."""
    for identifier in ("msisdn", "request_id", "user_id", None):
        chosen: Any = identifier
        config = SessionConfig(identifier=chosen, secret=secret)
        one = message(request_id=f"a{NUMBER}", user_id=NUMBER)
        assert "244123456" not in config.session_id(one, flow="registration") + config.owner(one)


# Parts that hold the separator.

PART = st.text(st.sampled_from("ab:%3A25/ "), min_size=1, max_size=6).filter(str.strip)
PARTS = st.tuples(PART, PART, PART, PART)


@given(PARTS, PARTS)
@settings(deadline=None, max_examples=300)
def test_two_conversations_never_have_one_id(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Other flow, platform, gateway or identifier: another id, whatever colons and escapes they hold."""
    assume(one != other)
    config = SessionConfig(identifier="request_id")
    ids = [
        config.session_id(message(platform=platform, gateway=gateway, request_id=identifier), flow=name)
        for name, platform, gateway, identifier in (one, other)
    ]
    assert ids[0] != ids[1]


@given(PARTS)
@settings(deadline=None)
def test_an_id_always_has_as_many_parts_as_there_are_boundaries(parts: tuple[str, ...]) -> None:
    """No crafted value adds a part, so none can name the session of another place."""
    name, platform, gateway, identifier = parts
    config = SessionConfig(boundaries=("flow", "platform", "gateway", "url"), identifier="request_id")
    one = message(platform=platform, gateway=gateway, request_id=identifier, url=f"{name}:{identifier}")
    assert config.session_id(one, flow=name).count(":") == 4


@pytest.mark.parametrize(
    ("crafted", "victim"),
    [
        ({"gateway": "nalo:abc123", "request_id": "x"}, {"gateway": "nalo", "request_id": "abc123:x"}),
        ({"gateway": "nalo%3Aabc123"}, {"gateway": "nalo:abc123"}),
        ({"request_id": "a%3Ab"}, {"request_id": "a:b"}),
        ({"request_id": "a%253Ab"}, {"request_id": "a%3Ab"}),
    ],
)
def test_a_colon_in_a_part_names_no_other_session(crafted: dict[str, str], victim: dict[str, str]) -> None:
    """The separator inside a part is escaped, and so is the escape."""
    assert session(SessionConfig(), **crafted) != session(SessionConfig(), **victim)


# Addresses.

by_url = SessionConfig(boundaries=("url",))


def url_part(url: str) -> str:
    made = session(by_url, url=url)
    assert made.endswith(":abc123")
    return made.removesuffix(":abc123")


@pytest.mark.parametrize("url", [URL, f"/{URL}", "a", "A-Z_0.9/x", "a" * 50, "x/" * 25])
def test_a_plain_address_is_its_own_part(url: str) -> None:
    """Up to 50 characters that need no replacing stand as they are, without the leading slash."""
    assert url_part(url) == url.removeprefix("/")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("tenant one/ussd", "tenant_one/ussd"),
        ("tenant:8080/ussd", "tenant_8080/ussd"),
        ("a?b=c&d", "a_b_c_d"),
        ("é", "_"),
        ("a" * 51, "a" * 41),
        ("b/" * 40, "b/" * 20 + "b"),
        (" " * 60, "_" * 41),
        ("x" * 45 + "é", "x" * 41),
    ],
)
def test_other_addresses_are_shortened_and_marked(url: str, kept: str) -> None:
    """What was replaced or cut is marked by eight digits of the SHA-256 of the original."""
    assert url_part(url) == f"{kept}_{hashlib.sha256(url.encode()).hexdigest()[:8]}"


URLS = st.text(st.sampled_from("ab_/.-: %é🙂\n"), min_size=1, max_size=8) | st.builds(
    lambda start, end: start * 20 + end, st.text(st.sampled_from("ab:"), min_size=2, max_size=3), st.text(max_size=3)
)


@given(URLS.filter(lambda url: not url.startswith("/")))
@settings(deadline=None, max_examples=300)
def test_every_address_has_a_part_of_the_described_form(url: str) -> None:
    """A part has at most 50 characters, all of them safe, and is the address itself or its marked beginning."""
    part = url_part(url)
    safe = re.sub(r"[^a-zA-Z0-9._/-]", "_", url)
    assert re.fullmatch(r"[a-zA-Z0-9._/-]{1,50}", part)
    if safe == url and len(url) <= 50:
        assert part == url
    else:
        assert part == f"{safe[:41]}_{hashlib.sha256(url.encode()).hexdigest()[:8]}"


@given(st.lists(URLS.filter(lambda url: not url.startswith("/")), min_size=2, max_size=12, unique=True))
@settings(deadline=None, max_examples=300)
def test_two_addresses_never_share_a_part(urls: list[str]) -> None:
    """Tenants whose addresses differ in one character are still kept apart."""
    assert len({url_part(url) for url in urls}) == len(urls)


@pytest.mark.parametrize(
    "urls", [["a/b", "a_b", "a b", "a:b", "a?b", "a%b", "a-b"], ["x" * 50, "x" * 51, "x" * 52], ["t.example/é", "t.example/è"]]
)
def test_addresses_that_look_alike_are_kept_apart(urls: list[str]) -> None:
    """What sanitising makes equal, the digits keep apart."""
    assert len({url_part(url) for url in urls}) == len(urls)


@pytest.mark.parametrize("url", ["tenant one/ussd", "x" * 60])
def test_no_address_can_be_crafted_to_share_the_part_of_another(url: str) -> None:
    """The part of one tenant, used as an address, is not that tenant's part."""
    assert url_part(url_part(url)) != url_part(url)


# An id of one's own.


def test_an_id_of_ones_own_wins_over_everything() -> None:
    """A fixed id is the session's whatever else is set, even where the message has no identifier."""
    config = SessionConfig(id="demo:1", boundaries=("url",), identifier="msisdn", secret="s3cret")
    assert session(config, msisdn=None, url="") == "demo:1"


def test_an_id_may_be_made_of_the_message() -> None:
    """A function gets the message, and what it returns is the id as it is."""
    config = SessionConfig(id=lambda inbound: f"{inbound.account}:{inbound.msisdn}")
    assert session(config, account="shop") == f"shop:{NUMBER}"


@pytest.mark.parametrize("made", [lambda inbound: "", lambda inbound: None, lambda inbound: inbound.account])
def test_a_function_that_finds_no_id_refuses_the_message(made: Callable[[Inbound], Any]) -> None:
    """Nothing would be the same session for everybody."""
    with pytest.raises(MissingIdentifier, match="says whose session it is"):
        session(SessionConfig(id=made))


def test_a_function_that_makes_no_text_is_the_authors_mistake() -> None:
    """What is no text is told to the author, and not to the gateway."""
    with pytest.raises(ConfigurationError, match="returned 7"):
        session(SessionConfig(id=lambda inbound: 7))  # type: ignore[arg-type, return-value]


# Shorthands.


def test_durable_sessions_go_by_the_person() -> None:
    """Dialling again with another request id finds the session; what else was set stays."""
    config = SessionConfig(boundaries=("flow", "url"), secret="s3cret", hash_length=16).durable()
    digest = hmac.new(b"s3cret", NUMBER.encode(), hashlib.sha256).hexdigest()[:16]
    assert session(config, request_id="1") == session(config, request_id="2") == f"registration:{URL}:{digest}"
    assert config.ttl == 24 * 3600
    assert SessionConfig().durable(ttl=60).ttl == 60
    assert SessionConfig(ttl=600).durable().ttl == 600
    assert SessionConfig(ttl=None).durable().ttl is None
    assert SessionConfig(ttl=600).durable(ttl=None).ttl is None


def test_durable_sessions_may_go_by_the_user_id() -> None:
    """Platforms without numbers have people too."""
    config = SessionConfig().durable("user_id")
    assert session(config, msisdn=None, platform="ussd") == (
        f"registration:ussd:nalo:{hashlib.sha256(b'user-7').hexdigest()[:32]}"
    )


def test_cross_platform_sessions_are_shared() -> None:
    """One person has one session for a flow, whatever it is on and whichever gateway brings it."""
    config = SessionConfig().cross_platform()
    ids = {
        session(config, platform=platform, gateway=gateway, request_id=gateway)
        for platform, gateway in (("ussd", "nalo"), ("ussd", "hubtel"), ("whatsapp", "cloud"), ("telegram", "bot"))
    }
    assert ids == {f"registration:{DIGEST[:32]}"}
    assert session(config, msisdn="+233244123457") not in ids
    assert session(SessionConfig().cross_platform("user_id")) == f"registration:{hashlib.sha256(b'user-7').hexdigest()[:32]}"


@pytest.mark.parametrize("identifier", ["request_id", "phone", None])
def test_what_does_not_last_makes_no_durable_session(identifier: Any) -> None:
    """A request id is gone with the request, so a session could never be found again by it."""
    for shorthand in (SessionConfig().durable, SessionConfig().cross_platform):
        with pytest.raises(ConfigurationError, match="does not last"):
            shorthand(identifier)


def test_isolated_tenants_stay_so_across_platforms() -> None:
    """The shorthands may be combined in either order, and no order joins the people of two tenants."""
    one = SessionConfig().isolate_urls().cross_platform()
    other = SessionConfig().cross_platform().isolate_urls()
    assert one == other
    assert one.boundaries == ("flow", "url")


def test_a_secret_is_not_shown() -> None:
    """Settings are printed and logged, and the key of the hash must not be."""
    assert "s3cret" not in repr(SessionConfig(secret="s3cret"))


def test_addresses_can_be_isolated() -> None:
    """The address joins what already keeps sessions apart, in its place, once."""
    assert session(SessionConfig().isolate_urls()) == f"registration:ussd:nalo:{URL}:abc123"
    assert SessionConfig().isolate_urls().isolate_urls() == SessionConfig().isolate_urls()
    assert session(SessionConfig().cross_platform().isolate_urls()) == f"registration:{URL}:{DIGEST[:32]}"
    assert (
        session(SessionConfig().durable().isolate_urls(), url="other/ussd") == f"registration:ussd:nalo:other/ussd:{DIGEST[:32]}"
    )


def test_a_shorthand_leaves_its_settings_as_they_were() -> None:
    """Settings are values: a shorthand gives new ones."""
    config = SessionConfig()
    config.durable()
    config.cross_platform()
    config.isolate_urls()
    assert config == SessionConfig()


# Whose a session is.


def test_a_gateways_session_has_an_owner() -> None:
    """The owner is who uses the gateway's session: the same person is the same owner, another is another."""
    config = SessionConfig()
    owner = config.owner(message())
    assert owner
    assert owner == config.owner(message(request_id="other"))
    assert owner != config.owner(message(msisdn="+233244123457"))
    assert owner != SessionConfig(secret="s3cret").owner(message())


def test_a_person_without_a_number_owns_by_user_id() -> None:
    """Where a gateway gives no number, the user id says whose it is."""
    config = SessionConfig()
    assert config.owner(message(msisdn=None)) != config.owner(message(msisdn=None, user_id="user-8"))
    assert config.owner(message(msisdn=None))


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        (SessionConfig(identifier="msisdn"), {}),
        (SessionConfig(identifier="user_id"), {}),
        (SessionConfig().durable(), {}),
        (SessionConfig(), {"platform": "whatsapp"}),
        (SessionConfig(), {"platform": "telegram"}),
        (SessionConfig(id="demo"), {}),
        (SessionConfig(id=lambda inbound: "demo"), {}),
        (SessionConfig(), {"msisdn": None, "user_id": None}),
    ],
)
def test_a_session_whose_id_says_whose_it_is_has_no_owner(config: SessionConfig, fields: dict[str, Any]) -> None:
    """Where the id itself stands for the person, or nobody is known, there is nothing to compare."""
    assert config.owner(message(**fields)) == ""
