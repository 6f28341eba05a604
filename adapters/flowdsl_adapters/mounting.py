"""``mount``: a gateway and a flow become routes of an aiohttp application."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, get_args

from aiohttp import web

from flowdsl import ConfigurationError, Flow, Runtime, Screen, SessionConfig
from flowdsl.apologies import wording
from flowdsl.settings import count, require, seconds
from flowdsl.texts import BuiltIn, Text
from flowdsl_adapters.endpoint import Endpoint
from flowdsl_adapters.gateway import Gateway
from flowdsl_adapters.origin import Origin

__all__ = ["mount"]

# A USSD request is a few hundred bytes.
_LARGEST: Final = 64 * 1024
# The strictest gateway waits 5 seconds for its answer (Hubtel), so a body that takes longer is given up.
_PATIENCE: Final = 5.0
_EXPIRED: Final = BuiltIn("Your session has expired. Please dial again.")

_Lost = Literal["begin", "end"]
_HangUp = Literal["end", "keep"]

_RUNTIMES: Final = web.AppKey("flowdsl_runtimes", set[Runtime])
_MEMBERS: Final = tuple(name for name in vars(Gateway) if not name.startswith("_"))


def mount(
    app: web.Application,
    path: str,
    gateway: Gateway,
    flow: Flow[..., Any],
    *,
    runtime: Runtime | None = None,
    sessions: SessionConfig | None = None,
    params: Mapping[str, Any] = {},
    secret: str | None = None,
    secret_header: str | None = None,
    networks: str | Iterable[str] = (),
    proxies: str | Iterable[str] = (),
    largest: int = _LARGEST,
    patience: float = _PATIENCE,
    deadline: float | None = None,
    lost: _Lost | None = None,
    expired: Text = _EXPIRED,
    hangup: _HangUp | None = None,
) -> None:
    """Let a gateway deliver to a flow.

    The runtime is closed when the application is cleaned up. Several mounts may share one.

    Args:
        app: the application that gets the routes.
        path: where the gateway delivers, ``"/ussd"``, or ``"/ussd/{secret}"`` with a secret in it. A gateway that calls
            several addresses has them below this one.
        gateway: how it speaks, :class:`~flowdsl_adapters.Nalo` for example.
        flow: who answers.
        runtime: keeps the sessions; one of its own in memory unless given.
        sessions: what session ids are made of here, if not what the runtime says.
        params: the flow's keyword parameters.
        secret: what each request must carry: in place of ``{secret}`` in the path, in the header, or else as ``?secret=``.
            Requests without it get 403. USSD gateways do not sign, so whoever knows the address can otherwise speak for
            anybody.
        secret_header: the header that carries the secret, ``"X-Api-Key"`` for example.
        networks: networks that may deliver, such as ``["203.0.113.0/24"]``; others get 403.
        proxies: networks of your own reverse proxies, whose ``X-Forwarded-For`` tells where a request came from, and ``"unix"``
            for one that delivers through a Unix socket. Without any the header is not believed.
        largest: bytes that a body may have; a larger one gets 413.
        patience: seconds in which a body must have arrived; a later one gets 408.
        deadline: seconds after which a person is asked to wait, where a turn makes calls that take longer. Unless given, as
            the runtime has it, or else as the gateway needs it.
        lost: what becomes of an answer in a session that is not known, since it has expired: ``"begin"`` a conversation, or
            ``"end"`` the session. Unless given, what the gateway does.
        expired: what a person reads whose session is ended so.
        hangup: what becomes of a session when the gateway says that its own is over: ``"end"`` it, or ``"keep"`` it for who
            dials again. Unless given, a session is kept that is known by the person and ended that is known by the gateway's
            id.

    Raises:
        ConfigurationError: the secret is empty, a network cannot be read, the flow does not take the params, the path
            is taken or does not begin with ``/``, or a setting is not of its kind.

    >>> from flowdsl import Say, flow
    >>> from flowdsl_adapters import Nalo
    >>> @flow
    ... def hello():
    ...     yield Say("Hello!")
    >>> mount(web.Application(), "/ussd", Nalo(), hello)
    """
    require("app", app, web.Application, "mount(app, path, gateway, flow)")
    _check_path(path, secret, secret_header)
    _check_gateway(gateway)
    _check_flow(flow, params)
    runtime = Runtime() if runtime is None else runtime
    require("runtime", runtime, Runtime, "Runtime(…)")
    if sessions is not None:
        require("sessions", sessions, SessionConfig, "SessionConfig(…)")
    count("number of bytes in largest", largest)
    seconds("patience", patience)
    if deadline is not None:
        seconds("deadline", deadline)
    elif runtime.deadline is None:
        deadline = gateway.deadline
    kept = None if hangup is None else _one_of("hangup", hangup, _HangUp) == "keep"
    endpoint = Endpoint(
        gateway=gateway,
        flow=flow,
        runtime=runtime,
        sessions=sessions,
        params=params,
        origin=Origin(secret=secret, header=secret_header, networks=networks, proxies=proxies),
        largest=largest,
        patience=patience,
        deadline=deadline,
        payments=gateway.payments,
        lost=_one_of("lost", gateway.lost if lost is None else lost, _Lost),
        expired=wording("sessions that have expired", expired, _EXPIRED),
        keep=kept,
    )
    for method, suffix in gateway.routes:
        below = suffix.removeprefix("/") if path.endswith("/") else suffix
        known = "" if method == "*" else method.upper()
        _add_route(app, method, path + below, replace(endpoint, below=below, method=known))
    if _RUNTIMES not in app:
        app[_RUNTIMES] = set()
        app.on_cleanup.append(_close_runtimes)
    app[_RUNTIMES].add(runtime)


def _check_path(path: object, secret: object, secret_header: object) -> None:
    if not isinstance(path, str) or not path.startswith("/"):
        raise ConfigurationError(f"the path {path!r} must begin with '/'")
    if "{secret}" not in path and "{secret:" not in path:
        return
    if secret is None:
        raise ConfigurationError(f"the path {path!r} has a secret in it, and none is given: write mount(…, secret=…)")
    if secret_header is not None:
        raise ConfigurationError(f"the secret is looked for in the path {path!r} and in the header: leave out one of them")


def _check_gateway(gateway: object) -> None:
    if isinstance(gateway, type):
        raise ConfigurationError(f"the gateway is the class {gateway.__name__} itself: write {gateway.__name__}()")
    missing = [name for name in _MEMBERS if not hasattr(gateway, name)]
    if "decode" in missing:
        raise ConfigurationError(f"{gateway!r} is no gateway: write mount(app, path, gateway, flow)")
    if missing or not isinstance(gateway, Gateway):
        raise ConfigurationError(f"{gateway!r} is no gateway: it has no {', '.join(missing)}")
    for member in ("name", "platform"):
        require(f"{member} of the gateway", getattr(gateway, member), str, f'{member} = "…"')
    if gateway.screen is not None:
        require("screen of the gateway", gateway.screen, Screen, "screen = Screen(…), or None")
    if gateway.deadline is not None:
        seconds("deadline of the gateway", gateway.deadline)
    _one_of("lost of the gateway", gateway.lost, _Lost)
    require("payments of the gateway", gateway.payments, bool, "payments = True, or False")
    if not _are_routes(gateway.routes):
        raise ConfigurationError(f"the routes of the gateway are {gateway.routes!r}: write routes = [('POST', '')]")


def _are_routes(routes: object) -> bool:
    return isinstance(routes, Sequence) and bool(routes) and all(map(_is_route, routes))


def _is_route(route: object) -> bool:
    match route:
        case (str(), str(suffix)):
            return not suffix or suffix.startswith("/")
        case _:
            return False


def _check_flow(flow: object, params: object) -> None:
    if isinstance(flow, Generator):
        raise ConfigurationError(f"{flow!r} is what a flow gives when it is called: name the flow without calling it")
    if not isinstance(flow, Flow):
        raise ConfigurationError(f"{flow!r} is no flow: put @flow above the function")
    if not isinstance(params, Mapping):
        raise ConfigurationError(f"the params are {params!r}: write params={{…}}")
    flow.require(params)


def _one_of(setting: str, value: Any, choices: Any) -> Any:
    known = get_args(choices)
    if value in known:
        return value
    raise ConfigurationError(f"the {setting} is {value!r}: it is {' or '.join(map(repr, known))}")


def _add_route(app: web.Application, method: str, path: str, endpoint: Endpoint) -> None:
    try:
        route = app.router.add_route(method, path, endpoint.answer)
    except (ValueError, RuntimeError) as error:
        raise ConfigurationError(f"the path {path!r} cannot be served: {error}") from error
    # aiohttp looks for a path that is taken at the last one only.
    added = route.resource
    for resource in app.router.resources():
        if added is None or resource is added:
            break
        if resource.get_info() == added.get_info() and any(each.method in (route.method, "*") for each in resource):
            raise ConfigurationError(f"the path {path!r} cannot be served: something else is there already")


async def _close_runtimes(app: web.Application) -> None:
    for runtime in app[_RUNTIMES]:
        await runtime.close()
