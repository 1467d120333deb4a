#!/usr/bin/python3
"""A client of mail or news in Thunderbird's order of commands: mail-client.py smtp|pop3|imap|nntp HOST PORT CA

CA is a file, and the server must prove to be mail.example.org; with - instead there is no TLS at all.  What the server
says is printed with < before it, what is asked with > before it.  The exit code is 1 if an answer is not as it should be.
"""

import socket
import ssl
import sys

PROTOCOL, HOST, PORT, CA = sys.argv[1:]


class Talk:
    def __init__(self):
        self.socket = socket.create_connection((HOST, int(PORT)), 15)
        self.file = self.socket.makefile("rb")

    def line(self):
        data = self.file.readline().decode()
        if not data:
            raise SystemExit("the connection has ended")
        print("<", data.rstrip())
        return data.rstrip()

    def ask(self, command, good, last=lambda line: True):
        """Returns all lines of the answer; the last one must begin with good."""
        if command is not None:
            print(">", command)
            self.socket.sendall(command.encode() + b"\r\n")
        lines = [self.line()]
        while not last(lines[-1]):
            lines.append(self.line())
        if not lines[-1].startswith(good):
            raise SystemExit(f"{command}: {lines[-1]} instead of {good}")
        return lines

    def start_tls(self):
        context = ssl.create_default_context(cafile=CA)
        self.socket = context.wrap_socket(self.socket, server_hostname="mail.example.org")
        self.file = self.socket.makefile("rb")
        print("=", self.socket.version())

    def leave(self):
        """Waits for the server's end, so that nothing of it is left unread."""
        if CA != "-":
            self.socket = self.socket.unwrap()
        while self.socket.recv(4096):
            pass
        self.socket.close()


def code_end(line):
    return line[3:4] != "-"


def dot(line):
    return line == "."


def smtp(talk):
    talk.ask(None, "220", code_end)
    lines = talk.ask("EHLO [127.0.0.1]", "250", code_end)
    if CA != "-":
        assert any(line[4:] == "STARTTLS" for line in lines)
        talk.ask("STARTTLS", "220")
        talk.start_tls()
        lines = talk.ask("EHLO [127.0.0.1]", "250", code_end)
    assert not any(line[4:] == "STARTTLS" for line in lines) and any("SIZE" in line for line in lines)
    talk.ask("MAIL FROM:<bob@real.example>", "250")
    talk.ask("RCPT TO:<alice@real.example>", "25")
    talk.ask("DATA", "354")
    talk.ask("Subject: from Thunderbird\r\n\r\nbody\r\n.", "250")
    talk.ask("QUIT", "221")


def pop3(talk):
    talk.ask(None, "+OK")
    if CA != "-":
        talk.ask("AUTH", "-ERR")  # asks for mechanisms; a server without them says no
        assert "STLS" in talk.ask("CAPA", ".", dot)
        talk.ask("STLS", "+OK")
        talk.start_tls()
        assert "STLS" not in talk.ask("CAPA", ".", dot)
    talk.ask("USER alice", "+OK")
    talk.ask("PASS secret", "+OK")
    talk.ask("STAT", "+OK")
    talk.ask("LIST", ".", dot)
    talk.ask("UIDL", ".", dot)
    talk.ask("RETR 1", ".", dot)
    talk.ask("QUIT", "+OK")


def imap(talk):
    def ask(command):
        tag = command.split()[0]
        return talk.ask(command, tag + " OK", lambda line: line.startswith(tag + " "))

    greeting = talk.ask(None, "* OK")
    if CA != "-":
        assert "STARTTLS" in greeting[0] and "LOGINDISABLED" in greeting[0]
        ask("1 STARTTLS")
        talk.start_tls()
    lines = ask("2 CAPABILITY")
    assert "AUTH=PLAIN" in lines[0] and "STARTTLS" not in lines[0]
    ask('3 ID ("name" "Thunderbird" "version" "128.5.0")')
    ask('4 LOGIN "alice" "secret"')
    ask("5 CAPABILITY")
    ask('6 LIST "" "*"')
    assert any("EXISTS" in line for line in ask('7 SELECT "INBOX"'))
    ask("8 UID FETCH 1:* (FLAGS)")
    ask("9 LOGOUT")


def nntp(talk):
    talk.ask(None, "20")
    if CA != "-":
        assert "STARTTLS" in talk.ask("CAPABILITIES", ".", dot)
        talk.ask("STARTTLS", "382")
        talk.start_tls()
        assert "STARTTLS" not in talk.ask("CAPABILITIES", ".", dot)
    talk.ask("MODE READER", "20")
    talk.ask("GROUP misc.test", "211")
    talk.ask("POST", "340")
    talk.ask("From: a@real.example\r\nNewsgroups: misc.test\r\nSubject: hello\r\n\r\nbody\r\n.", "240")
    talk.ask("GROUP misc.test", "211")
    talk.ask("LIST ACTIVE", ".", dot)
    talk.ask("QUIT", "205")


try:
    connection = Talk()
    globals()[PROTOCOL](connection)
    connection.leave()
except (AssertionError, OSError) as error:
    raise SystemExit(f"{type(error).__name__}: {error}") from error
