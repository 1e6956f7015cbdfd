"""Opt-outs: who asked not to be written to, and in which words."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from heliograph.domain.inbound import keyword_of


def _words(*lines: str) -> frozenset[str]:
    """Each line has the words of one language, or of a few that are alike."""
    return frozenset(word for line in lines for word in line.split())


#: A text that consists of one of these words alone ends the sender's consent (CTIA Messaging Principles, 5.1.3), in
#: whatever language: in capitals, without accents.
STOP_WORDS = _words(
    "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT",
    "ARRET ARRETER DESABONNER DESINSCRIRE",
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
    """What an account adds to the words above, and what it answers."""

    stop: Sequence[str] = ()
    start: Sequence[str] = ()
    help: Sequence[str] = ()
    stop_answer: str | None = None
    """None: nothing is answered."""
    start_answer: str | None = None
    help_answer: str | None = None

    def answer_to(self, consent: Consent) -> str | None:
        """What is written back to somebody whose text meant this."""
        return {
            Consent.WITHDRAWN: self.stop_answer,
            Consent.GIVEN: self.start_answer,
            Consent.EXPLANATION_WANTED: self.help_answer,
        }.get(consent)


NO_WORDS = ConsentWords()


def consent_in(text: str, words: ConsentWords = NO_WORDS) -> Consent:
    """What this inbound text says about consent: only a text of one word can say anything.

    An account's own words come first, so that it can give one of ours another meaning.
    """
    if len(text.split()) != 1:
        return Consent.NOT_ABOUT_IT
    word = bare_word(keyword_of(text) or "")
    for consent, own in (
        (Consent.WITHDRAWN, words.stop),
        (Consent.GIVEN, words.start),
        (Consent.EXPLANATION_WANTED, words.help),
    ):
        if word in map(bare_word, own):
            return consent
    if word in STOP_WORDS:
        return Consent.WITHDRAWN
    if word in START_WORDS:
        return Consent.GIVEN
    return Consent.EXPLANATION_WANTED if word in HELP_WORDS else Consent.NOT_ABOUT_IT


def bare_word(word: str) -> str:
    """In capitals, without accents: as people type on phones."""
    apart = unicodedata.normalize("NFD", word.upper())
    return unicodedata.normalize("NFC", "".join(each for each in apart if not "\u0300" <= each <= "\u036f"))
