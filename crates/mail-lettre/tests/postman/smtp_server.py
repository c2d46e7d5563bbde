"""A real SMTP server (aiosmtpd) that does what it is told, and says what it has seen.

Takes one JSON object as its argument; every key may be left out:

    tls          "none" (default), "starttls" or "implicit", with `certificate` and `key`, paths of PEM files
    user         the one user who may send, with `password`; nobody else may
    mechanisms   those of AUTH that are offered
    answers      for MAIL, RCPT and DATA a list of answers, one for each time; after the last one, and for
                 null, the usual answer. One answer in place of a list is given every time. "drop" closes the
                 connection, "hang" never answers
    delay        seconds that go by between a mail and its answer
    closed       whether connections are refused until the line "open" on the standard input
    waits        whether the greeting waits for the line "greet" on the standard input
    utf8         whether SMTPUTF8 is offered
    brief        whether mails are told by their headers alone, for tests that send many

Writes one JSON object per line: `listening` with its port, `connected` with the number of connections open
then, `mail`, `quit`. At the line "cut" it cuts every connection off and says `cut`; at the end of the
standard input it ends.
"""

import asyncio
import email
import email.header
import email.policy
import email.utils
import itertools
import json
import socket
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

SETUP = json.loads(sys.argv[1])
ANSWERS = {
    command: itertools.repeat(answers) if isinstance(answers, str) else iter(answers)
    for command, answers in SETUP.get("answers", {}).items()
}


def say(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)


class Server(SMTP):
    open = set()
    may_greet = asyncio.Event()
    is_counted = False

    def connection_made(self, transport):
        super().connection_made(transport)
        # STARTTLS makes the same connection once more.
        if not self.is_counted:
            self.is_counted = True
            Server.open.add(self)
            say("connected", open=len(Server.open))

    def connection_lost(self, error):
        Server.open.discard(self)
        super().connection_lost(error)

    async def _handle_client(self):
        if SETUP.get("waits"):
            await Server.may_greet.wait()
        await super()._handle_client()


class Handler:
    async def answer(self, server, command, usual):
        told = next(ANSWERS.get(command, iter(())), None)
        if told == "hang":
            await asyncio.Event().wait()
        if told == "drop":
            server.transport.abort()
        return told or usual

    async def handle_MAIL(self, server, session, envelope, address, options):
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return await self.answer(server, "MAIL", "250 2.1.0 sender taken")

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = await self.answer(server, "RCPT", "250 2.1.5 recipient taken")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        # Said before the answer, so that a mail is told whose answer gets lost.
        is_encrypted = session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None
        user = session.auth_data.login.decode() if session.authenticated else None
        say("mail", sender=envelope.mail_from, recipients=envelope.rcpt_tos, options=envelope.mail_options,
            is_encrypted=is_encrypted, user=user, hello=session.host_name, **read(envelope.original_content))
        await asyncio.sleep(SETUP.get("delay", 0))
        return await self.answer(server, "DATA", "250 2.0.0 mail taken")

    async def handle_QUIT(self, server, session, envelope):
        say("quit")
        return "221 2.0.0 bye"


def read(content):
    """The mail as Python's parser reads it."""
    if SETUP.get("brief"):
        return {"headers": list(email.message_from_bytes(content).items())}
    message = email.message_from_bytes(content, policy=email.policy.default)
    part = lambda part: {
        "type": part.get_content_type(),
        "charset": part.get_content_charset(),
        "encoding": part["Content-Transfer-Encoding"],
        "content": part.get_content(),
        "defects": [str(defect) for defect in part.defects],
    }
    return {
        "headers": [[name, str(value)] for name, value in message.items()],
        "to": recipients(content),
        "defects": [str(defect) for value in [message, *message.values()] for defect in value.defects],
        "parts": [part(each) for each in message.iter_parts()],
        "raw": content.decode("utf-8"),
    }


def recipients(content):
    """Names and addresses of To: taken apart first, decoded then (RFC 2047 section 6.2)."""
    # Not by the policy used above, which puts spaces between encoded words of one name.
    field = email.message_from_bytes(content)["To"]
    decoded = lambda name: str(email.header.make_header(email.header.decode_header(name)))
    return [[decoded(name), address] for name, address in email.utils.getaddresses([field])]


def authenticate(server, session, envelope, mechanism, data):
    is_right = (data.login.decode(), data.password.decode()) == (SETUP["user"], SETUP["password"])
    return AuthResult(success=is_right, handled=False, auth_data=data)


def make():
    mechanisms = SETUP.get("mechanisms", ["PLAIN", "LOGIN"])
    return Server(
        Handler(),
        hostname="mail.example.com",
        enable_SMTPUTF8=SETUP.get("utf8", False),
        tls_context=context() if SETUP.get("tls") == "starttls" else None,
        require_starttls=SETUP.get("tls") == "starttls",
        auth_required="user" in SETUP,
        auth_require_tls=SETUP.get("tls") == "starttls",
        authenticator=authenticate if "user" in SETUP else None,
        auth_exclude_mechanism={"PLAIN", "LOGIN"} - set(mechanisms),
    )


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(SETUP["certificate"], SETUP["key"])
    return made


async def main():
    loop = asyncio.get_running_loop()
    implicit = context() if SETUP.get("tls") == "implicit" else None
    # Bound at once, so that nobody else takes the port while connections to it are refused.
    place = socket.socket()
    place.bind(("127.0.0.1", 0))
    server = await loop.create_server(make, sock=place, ssl=implicit, start_serving=not SETUP.get("closed"))
    say("listening", port=place.getsockname()[1])
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line == "open\n":
            await server.start_serving()
        if line == "greet\n":
            Server.may_greet.set()
        if line == "cut\n":
            for connection in list(Server.open):
                connection.transport.abort()
            say("cut")


asyncio.run(main())
