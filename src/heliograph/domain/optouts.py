"""Opt-outs: who asked not to be written to, and by which words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from heliograph.domain.words import bare_word, phrase_of

MOST_WORDS = 50
"""The most words of its own that an account may have, of each kind."""


def _words(*lines: str) -> frozenset[str]:
    """Collect the words of some lines, each of which has those of one language, or of a few that are alike.

    A hyphen joins the words of a phrase, which is also taken when it is written as one word.
    """
    found = [word for line in lines for word in line.split()]
    return frozenset(word.replace("-", between) for word in found for between in ("", " "))


#: A text that consists of one of these words or phrases alone ends the sender's consent (47 CFR 64.1200(a)(10); CTIA
#: Messaging Principles, 5.1.3), in whatever language: in capitals, without accents.
STOP_WORDS = _words(
    "STOP STOP-ALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPT-OUT",
    "ARRET ARRETER DESABONNER SE-DESABONNER DESINSCRIRE SE-DESINSCRIRE",
    "STOPP ABMELDEN ABBESTELLEN",
    "BAJA ALTO CANCELAR DETENER PARAR SAIR REMOVER",
    "CANCELLA DISISCRIVI BASTA",
    "AFMELDEN UITSCHRIJVEN",
    "AVSLUTA AVREGISTRERA AFMELD AVMELD LOPETA",
    "WYPISZ ZRUSIT ODHLASIT LEIRATKOZAS DEZABONARE ODJAVA",
    "IPTAL BERHENTI",
    "СТОП ОТПИСАТЬСЯ ОТПИСКА ВІДПИСАТИСЯ ΣΤΟΠ ΔΙΑΓΡΑΦΗ",
    "توقف ايقاف הסר עצור रोकें หยุด",
    "退订 退訂 停止 配信停止 수신거부 중지",
)
#: ... and one of these gives it back.
START_WORDS = _words(
    "START UNSTOP SUBSCRIBE",
    "REPRENDRE ANMELDEN ALTA INICIAR COMECAR INIZIA AANMELDEN",
    "СТАРТ 開始 시작",
)
#: ... and one of these asks what this is about.
HELP_WORDS = _words(
    "HELP INFO AIDE HILFE AYUDA AJUDA AIUTO HULP HJALP HJÆLP HJELP APUA",
    "POMOC SEGITSEG AJUTOR YARDIM BANTUAN",
    "ПОМОЩЬ ДОПОМОГА ΒΟΗΘΕΙΑ مساعدة עזרה मदद 帮助 ヘルプ 도움말",
)


class OptOutSource(StrEnum):
    API = "api"
    INBOUND = "inbound"
    LINK = "link"
    """The recipient followed the link in a message."""


class OptOut(msgspec.Struct, frozen=True):
    """One number that an account may not write to."""

    account_id: str
    msisdn: str
    source: OptOutSource
    created_at: datetime
    number: int = 0
    """Its place among all opt-outs that the account ever had."""


class Consent(StrEnum):
    """What an inbound text says about consent."""

    WITHDRAWN = "withdrawn"
    GIVEN = "given"
    EXPLANATION_WANTED = "explanation_wanted"
    NOT_ABOUT_IT = "not_about_it"


class ConsentWords(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The words that an account adds to those above, and its answers."""

    stop: Sequence[str] = ()
    start: Sequence[str] = ()
    help: Sequence[str] = ()
    stop_answer: str | None = None
    """The answer to STOP; None if there is none."""
    start_answer: str | None = None
    help_answer: str | None = None

    def answer_to(self, consent: Consent) -> str | None:
        """Return what is answered to a text with this meaning; None if nothing is."""
        return {
            Consent.WITHDRAWN: self.stop_answer,
            Consent.GIVEN: self.start_answer,
            Consent.EXPLANATION_WANTED: self.help_answer,
        }.get(consent)


NO_WORDS = ConsentWords()


def consent_in(text: str, words: ConsentWords = NO_WORDS) -> Consent:
    """Tell what an inbound text says about consent.

    Only a text that is a single word or phrase of those above says anything, however it is punctuated. An account's own
    words come first, so that it can give one of ours another meaning.
    """
    said = bare_word(phrase_of(text))
    meanings = (
        (Consent.WITHDRAWN, words.stop, STOP_WORDS),
        (Consent.GIVEN, words.start, START_WORDS),
        (Consent.EXPLANATION_WANTED, words.help, HELP_WORDS),
    )
    for consent, own, _ in meanings:
        if said and said in (bare_word(phrase_of(word)) for word in own):
            return consent
    return next((consent for consent, _, usual in meanings if said in usual), Consent.NOT_ABOUT_IT)
