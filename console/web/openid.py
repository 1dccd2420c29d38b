"""Signing in at a provider by OpenID Connect: code flow with PKCE, state and nonce."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from fastapi import APIRouter, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from starlette.responses import RedirectResponse, Response

from billing.errors import BadInput
from billing.people import Person, Role
from console.web.access import (
    NotAllowed,
    cookie_name,
    desk_of,
    drop_cookie,
    give_cookie,
    next_path,
    origin_of,
    sign_in,
    with_next,
)
from console.web.attempts import let_in
from console.web.desk import Desk
from console.web.entrance import Provider
from console.web.rendering import page
from console.web.sealing import opened, sealed

router = APIRouter()

UNDER_WAY = "claimsweep-openid"
_SECONDS = 600
_WAIT = 10
_LEEWAY = 60
_SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_METHODS = "token_endpoint_auth_methods_supported"
_AGAIN = "Go back to the sign-in page and begin again"


@router.get("/sign-in/openid")
def begin(request: Request, next: str = "/") -> Response:
    """Send the browser to the provider, and have it remember what the answer must match."""
    desk = desk_of(request)
    provider = _provider(desk)
    known = _described(provider.issuer, int(desk.now().timestamp()) // 3600)
    under_way = {
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(48),
        "next": next_path(next),
        "until": desk.now().timestamp() + _SECONDS,
    }
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": _way_back(request),
        "scope": "openid profile email",
        "state": under_way["state"],
        "nonce": under_way["nonce"],
        "code_challenge": create_s256_code_challenge(under_way["verifier"]),
        "code_challenge_method": "S256",
        "prompt": "login",
    }
    endpoint = str(known["authorization_endpoint"])
    joint = "&" if "?" in endpoint else "?"
    response = RedirectResponse(f"{endpoint}{joint}{urlencode(asked)}", 303)
    # The provider's answer is a link from another site, which a strict cookie would not go with.
    value = sealed(desk.key, UNDER_WAY, json.dumps(under_way))
    give_cookie(desk, response, UNDER_WAY, value, strict=False, seconds=_SECONDS)
    return response


@router.get("/sign-in/openid/back")
def come_back(
    request: Request, code: str = "", state: str = "", iss: str = "", error: str = ""
) -> Response:
    """Let in whom the provider vouches for, if this browser asked it to.

    The answer is a page that goes on by itself: a redirect would still be the other site's doing,
    and the browser would keep the session's strict cookie from it.
    """
    desk = desk_of(request)
    provider = _provider(desk)
    under_way = _under_way(request, desk)
    if under_way is None or not hmac.compare_digest(state.encode(), under_way["state"].encode()):
        return _refused(request, desk, "This sign-in was not begun in this browser, or long ago")
    if error or not code or (iss and iss != provider.issuer):
        return _refused(request, desk, "The provider did not let you in")
    try:
        claims = _claims(request, provider, code, under_way, desk.now())
    except (httpx.HTTPError, AuthlibBaseError, JoseError, KeyError, ValueError, TypeError):
        return _refused(request, desk, "The provider's answer cannot be trusted")
    try:
        person = _person(desk, provider, claims)
    except (BadInput, NotAllowed) as refused:
        return _refused(request, desk, str(refused))
    after = under_way["next"]
    if person.second_factor:
        after = with_next("/sign-in/code", after)
    response = page(request, "sign_in_going_on", next=after)
    if person.second_factor:
        sign_in(request, response, person, complete=False)
    else:
        let_in(request, response, person)
    act = "vouched for by the provider" if person.second_factor else "signed in"
    detail = {"from": origin_of(request), "by": "provider"}
    desk.ledger.note(person.name, act, f"user {person.name}", at=desk.now(), detail=detail)
    drop_cookie(desk, response, UNDER_WAY)
    return response


def _provider(desk: Desk) -> Provider:
    if desk.entrance.provider is None:
        raise BadInput("Nobody signs in elsewhere here; sign in with a name and a password")
    return desk.entrance.provider


def _way_back(request: Request) -> str:
    """Where the provider sends the browser back to; the host was found to be ours."""
    scheme = "https" if desk_of(request).entrance.secure else request.url.scheme
    return f"{scheme}://{request.url.netloc}/sign-in/openid/back"


@lru_cache(maxsize=4)
def _described(issuer: str, hour: int) -> Mapping[str, Any]:
    """What the provider says of itself; asked once an hour. Raises BadInput where it does not."""
    try:
        answer = httpx.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=_WAIT)
        found: Mapping[str, Any] = answer.raise_for_status().json()
        agrees = found["issuer"] == issuer
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        raise BadInput(
            "The provider cannot be asked now; sign in with a password, or try again later"
        ) from None
    if not agrees:
        raise BadInput("The provider calls itself by another address than [console.oidc] issuer")
    return found


def _under_way(request: Request, desk: Desk) -> dict[str, Any] | None:
    box = request.cookies.get(cookie_name(desk, UNDER_WAY), "")
    text = opened(desk.key, UNDER_WAY, box)
    found: dict[str, Any] | None = None if text is None else json.loads(text)
    return None if found is None or found["until"] < desk.now().timestamp() else found


def _claims(
    request: Request, provider: Provider, code: str, under_way: Mapping[str, Any], at: datetime
) -> Mapping[str, Any]:
    """What the provider vouches for, after every check of its ID token; raises where one fails."""
    known = _described(provider.issuer, int(at.timestamp()) // 3600)
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _way_back(request),
        "code_verifier": under_way["verifier"],
    }
    basic = (quote(provider.client_id, safe=""), quote(provider.client_secret, safe=""))
    if "client_secret_basic" not in (known.get(_METHODS) or ["client_secret_basic"]):
        fields |= {"client_id": provider.client_id, "client_secret": provider.client_secret}
        answer = httpx.post(known["token_endpoint"], data=fields, timeout=_WAIT)
    else:
        answer = httpx.post(known["token_endpoint"], data=fields, auth=basic, timeout=_WAIT)
    token = answer.raise_for_status().json()
    keys = httpx.get(known["jwks_uri"], timeout=_WAIT).raise_for_status().json()
    offered = known.get("id_token_signing_alg_values_supported") or ["RS256"]
    registry = JWSRegistry(
        algorithms=[one for one in _SIGNED_BY if one in offered], strict_check_header=False
    )
    read = jwt.decode(token["id_token"], key=KeySet.import_key_set(keys), registry=registry)
    claims = CodeIDToken(
        read.claims,
        read.header,
        {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
            "nonce": {"essential": True, "value": under_way["nonce"]},
        },
        {
            "nonce": under_way["nonce"],
            "client_id": provider.client_id,
            "access_token": token.get("access_token"),
        },
    )
    claims.validate(leeway=_LEEWAY)
    return dict(claims)


def _person(desk: Desk, provider: Provider, claims: Mapping[str, Any]) -> Person:
    """The user whom the provider names, of the role that it gives; made when they come first."""
    role = _role(provider, claims.get(provider.role_claim))
    identity = f"{provider.issuer} {claims['sub']}"
    at = desk.now()
    person = desk.ledger.person_identified(identity)
    if role is None:
        who = "user unknown" if person is None else f"user {person.name}"
        desk.ledger.note("(nobody)", "sign-in refused", who, at=at, detail={"wrong": "role"})
        desk.tell("sign_in_refused", how="role")
        raise NotAllowed("The provider knows you, but gives you no role here; ask for one")
    if person is None:
        return desk.ledger.add_person(
            _name(claims), role, password=None, by="provider", at=at, identity=identity
        )
    if not person.active:
        raise NotAllowed("An administrator has locked this account")
    if person.role is not role:
        return desk.ledger.change_person(person.user_id, by="provider", at=at, role=role)
    return person


def _role(provider: Provider, claimed: object) -> Role | None:
    words = claimed if isinstance(claimed, list) else [claimed]
    roles = [provider.roles[one] for one in words if isinstance(one, str) and one in provider.roles]
    return max(roles, default=None)


def _name(claims: Mapping[str, Any]) -> str:
    said = claims.get("preferred_username") or claims.get("email") or claims["sub"]
    return re.sub(r"[^\w.@+-]", "-", str(said)).lstrip("_.@+-")[:64]


def _refused(request: Request, desk: Desk, sentence: str) -> Response:
    response = page(
        request, "error", status=403, title="Not signed in", sentence=f"{sentence}. {_AGAIN}."
    )
    drop_cookie(desk, response, UNDER_WAY)
    return response
