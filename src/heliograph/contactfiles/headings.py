"""What the headings of contact files mean, in the large languages and in the exports of address books.

Headings are compared without case, accents, punctuation, what is in brackets, and numbers at their end: `Téléphone 2`,
`TELEPHONE` and `Téléphone (bureau)` are one. A bare `Name` is the family name where there is a column of first names
beside it, the first name beside one of family names (`Nombre, Apellidos`), and otherwise the whole name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from heliograph.domain.lengths import LONGEST_LABEL

NUMBER = "number"
FIRST_NAME = "first_name"
LAST_NAME = "last_name"
EMAIL = "email"
NAME = "name"
COMPANY = "company"

_WORDS = {
    NUMBER: """
        number, phone, phones, phone number, phone numbers, phone no, telephone, telephone number, tel, tel no, mobile,
        mobile phone, mobile number, mobile no, cell, cell phone, cellphone, cell number, cellular, msisdn, gsm,
        recipient, primary phone, home phone, business phone, work phone, other phone, car phone, whatsapp, sms, to,
        telefon, telefonnummer, telefonnr, tel nr, telefon nr, rufnummer, mobil, mobilnummer, mobiltelefon, mobilnr,
        mobil nr, mobilfunk, mobilfunknummer, handy, handynummer, handynr, handy nr, telefon privat,
        telefon geschaftlich, telefon mobil, nummer, empfanger,
        telephone portable, telephone mobile, portable, numero de telephone, numero de portable, no de telephone,
        numero, n de telephone, tel mobile, tel portable, mobile telephone, destinataire,
        telefono, telefono movil, movil, celular, numero de telefono, numero de celular, numero de movil, tel movil,
        telefono celular,
        telefone, telemovel, numero de telefone, numero de telemovel, telefone celular, numero do celular,
        cellulare, telefono cellulare, numero di telefono, numero di cellulare, telefonino,
        telefoon, telefoonnummer, mobiel, mobiel nummer, mobiele telefoon, gsm nummer, mobiele nummer,
        telefon komorkowy, komorka, numer telefonu, telefon kom, nr telefonu, numer,
        telefonni cislo, mobilni telefon, cislo telefonu, telefonszam, mobilszam, telefon mobil, numar de telefon,
        numar telefon, mobiltelefonnummer, mobilnummer, puhelin, puhelinnumero, matkapuhelin, kannykka, tlf, mobiltlf,
        telefon numarasi, cep telefonu, cep, gsm no, cep no, telefon no, numara,
        телефон, номер, номер телефона, мобильный, мобильный телефон, моб телефон, сотовый, сотовый телефон, тел,
        мобільний, мобільний телефон, номер телефону, мобилен, мобилен телефон,
        τηλεφωνο, κινητο, κινητο τηλεφωνο, αριθμος τηλεφωνου,
        電話, 電話番号, 携帯, 携帯電話, 携帯番号, 携帯電話番号, 携帯電話 番号, 手机, 手机号, 手机号码, 电话, 电话号码,
        移动电话, 聯絡電話, 電話號碼, 手機, 手機號碼, 行動電話, 전화, 전화번호, 휴대폰,
        휴대전화, 휴대폰번호, 휴대폰 번호, 핸드폰,
        هاتف, الهاتف, رقم الهاتف, جوال, الجوال, رقم الجوال, موبايل, رقم الموبايل, טלפון, נייד, טלפון נייד, מספר טלפון,
        फोन, फ़ोन, मोबाइल, मोबाइल नंबर, फोन नंबर, โทรศัพท์, เบอร์โทร, เบอร์โทรศัพท์, มือถือ,
        dien thoai, so dien thoai, di dong, sdt, telepon, nomor telepon, nomor hp, no hp, no telepon,
        ponsel, simu, nambari ya simu
    """,
    FIRST_NAME: """
        first name, firstname, given name, forename, first, vorname, rufname, prenom, nombre de pila, primer nombre,
        primeiro nome, nome proprio, nome di battesimo, voornaam, imie, jmeno, krestni jmeno, utonev, keresztnev,
        prenume, fornavn, fornamn, etunimi, isim, ad, имя, ім'я, име, ονομα, 名, 名前 名, 이름 명, الاسم الأول, שם פרטי,
        ten, nama depan
    """,
    LAST_NAME: """
        last name, lastname, family name, surname, last, nachname, familienname, zuname, nom de famille, apellido,
        apellidos, primer apellido, sobrenome, apelido, cognome, achternaam, familienaam, nazwisko, prijmeni,
        vezeteknev, csaladnev, nume de familie, efternavn, etternavn, efternamn, sukunimi, soyadi, soyad, soyisim,
        фамилия, прізвище, επωνυμο, 姓, 성, اسم العائلة, שם משפחה, ho, nama belakang
    """,
    EMAIL: """
        email, e mail, mail, email address, e mail address, mail address, e mail adresse, email adresse, mailadresse,
        adresse e mail, adresse email, adresse mail, courriel, adresse electronique, correo, correo electronico,
        endereco de email, posta elettronica, indirizzo email, e mailadres, emailadres, e posta, eposta, e post,
        sahkoposti, почта, электронная почта, эл почта, email адрес, メール, メールアドレス, 邮箱, 电子邮件,
        電子郵件, 이메일, البريد الإلكتروني, דואל
    """,
    NAME: """
        name, full name, fullname, display name, contact, contact name, file as, nom, nom complet, kontakt, nombre,
        nombre completo, nome, nome completo, naam, nazwa, nume, navn, namn, nimi, ad soyad, adi soyadi, фио,
        имя и фамилия, ονοματεπωνυμο, 氏名, 名前, お名前, 姓名, 이름, 성명, الاسم, שם, नाम, ชื่อ,
        ho ten, ho va ten, nama, nama lengkap, jina
    """,
    COMPANY: """
        company, organization, organisation, organization name, organisation name, firma, unternehmen, societe,
        entreprise, empresa, azienda, bedrijf, компания, организация, 会社, 会社名, 公司, 회사
    """,
}

WEAK = frozenset(["number", "numero", "nummer", "numer", "numara", "номер", "to", "recipient"])
"""Headings, folded, that may be of numbers of any kind: they count only where no other names phone numbers."""

_BRACKETS = re.compile(r"[(\[（【].*?[)\]）】]")
_SIGNS = re.compile(r"[^\w']+|_+")
_COUNT = re.compile(r"(?<=\D)\s*\d+$")
_GOOGLE_VALUE = re.compile(r"(?:phone|e mail) \d+ value")


def folded(heading: str) -> str:
    """Write a heading without case, accents, punctuation and brackets, to be compared, as far as one is read."""
    bare = unicodedata.normalize("NFKD", _BRACKETS.sub(" ", heading[:LONGEST_LABEL]).casefold())
    plain = "".join(each for each in bare if not unicodedata.combining(each))
    return " ".join(_SIGNS.sub(" ", plain).split()).replace("ı", "i")


_FIELDS = {folded(word): field for field, words in _WORDS.items() for word in words.split(",")}


@lru_cache(maxsize=1_000)
def field_named(heading: str) -> str | None:
    """Return the field that a heading names, as far as it can be told without the others; None if it is unknown."""
    plain = folded(heading)
    if _GOOGLE_VALUE.fullmatch(plain):
        return NUMBER if plain.startswith("phone") else EMAIL
    return _FIELDS.get(plain) or _FIELDS.get(_COUNT.sub("", plain))
