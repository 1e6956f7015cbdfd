"""The time zone of a number.

phonenumbers knows the zones of areas, but not the people: if a number can be in several zones it gives them in the
order of the alphabet (the Azores before Lisbon), it names one zone for all countries with the same clock (Paris for
Algeria, Chicago for Nicaragua), and so goes wrong where one of them changes its clock (Ramadan in Morocco). Hence it is
asked about areas only, in the countries whose areas differ.
"""

from __future__ import annotations

from functools import lru_cache

from heliograph.numbers.number import has_shape, in_their_words
from heliograph.numbers.plans import NumberType, split

UTC = "Etc/UTC"
_TELLING_DIGITS = 9
"""No time zone depends on more digits than these; the rest are left out, so that neighbours share an answer."""

_TABLE = """
AC Atlantic/St_Helena
AD Europe/Andorra
AE Asia/Dubai
AF Asia/Kabul
AG America/Antigua
AI America/Anguilla
AL Europe/Tirane
AM Asia/Yerevan
AO Africa/Luanda
AR America/Argentina/Buenos_Aires
AS Pacific/Pago_Pago
AT Europe/Vienna
AU Australia/Sydney
AW America/Aruba
AX Europe/Mariehamn
AZ Asia/Baku
BA Europe/Sarajevo
BB America/Barbados
BD Asia/Dhaka
BE Europe/Brussels
BF Africa/Ouagadougou
BG Europe/Sofia
BH Asia/Bahrain
BI Africa/Bujumbura
BJ Africa/Porto-Novo
BL America/St_Barthelemy
BM Atlantic/Bermuda
BN Asia/Brunei
BO America/La_Paz
BQ America/Kralendijk
BR America/Sao_Paulo
BS America/Nassau
BT Asia/Thimphu
BW Africa/Gaborone
BY Europe/Minsk
BZ America/Belize
CA America/Toronto
CC Indian/Cocos
CD Africa/Kinshasa
CF Africa/Bangui
CG Africa/Brazzaville
CH Europe/Zurich
CI Africa/Abidjan
CK Pacific/Rarotonga
CL America/Santiago
CM Africa/Douala
CN Asia/Shanghai
CO America/Bogota
CR America/Costa_Rica
CU America/Havana
CV Atlantic/Cape_Verde
CW America/Curacao
CX Indian/Christmas
CY Asia/Nicosia
CZ Europe/Prague
DE Europe/Berlin
DJ Africa/Djibouti
DK Europe/Copenhagen
DM America/Dominica
DO America/Santo_Domingo
DZ Africa/Algiers
EC America/Guayaquil
EE Europe/Tallinn
EG Africa/Cairo
EH Africa/El_Aaiun
ER Africa/Asmara
ES Europe/Madrid
ET Africa/Addis_Ababa
FI Europe/Helsinki
FJ Pacific/Fiji
FK Atlantic/Stanley
FM Pacific/Chuuk
FO Atlantic/Faroe
FR Europe/Paris
GA Africa/Libreville
GB Europe/London
GD America/Grenada
GE Asia/Tbilisi
GF America/Cayenne
GG Europe/Guernsey
GH Africa/Accra
GI Europe/Gibraltar
GL America/Nuuk
GM Africa/Banjul
GN Africa/Conakry
GP America/Guadeloupe
GQ Africa/Malabo
GR Europe/Athens
GT America/Guatemala
GU Pacific/Guam
GW Africa/Bissau
GY America/Guyana
HK Asia/Hong_Kong
HN America/Tegucigalpa
HR Europe/Zagreb
HT America/Port-au-Prince
HU Europe/Budapest
ID Asia/Jakarta
IE Europe/Dublin
IL Asia/Jerusalem
IM Europe/Isle_of_Man
IN Asia/Kolkata
IO Indian/Chagos
IQ Asia/Baghdad
IR Asia/Tehran
IS Atlantic/Reykjavik
IT Europe/Rome
JE Europe/Jersey
JM America/Jamaica
JO Asia/Amman
JP Asia/Tokyo
KE Africa/Nairobi
KG Asia/Bishkek
KH Asia/Phnom_Penh
KI Pacific/Tarawa
KM Indian/Comoro
KN America/St_Kitts
KP Asia/Pyongyang
KR Asia/Seoul
KW Asia/Kuwait
KY America/Cayman
KZ Asia/Almaty
LA Asia/Vientiane
LB Asia/Beirut
LC America/St_Lucia
LI Europe/Vaduz
LK Asia/Colombo
LR Africa/Monrovia
LS Africa/Maseru
LT Europe/Vilnius
LU Europe/Luxembourg
LV Europe/Riga
LY Africa/Tripoli
MA Africa/Casablanca
MC Europe/Monaco
MD Europe/Chisinau
ME Europe/Podgorica
MF America/Marigot
MG Indian/Antananarivo
MH Pacific/Majuro
MK Europe/Skopje
ML Africa/Bamako
MM Asia/Yangon
MN Asia/Ulaanbaatar
MO Asia/Macau
MP Pacific/Saipan
MQ America/Martinique
MR Africa/Nouakchott
MS America/Montserrat
MT Europe/Malta
MU Indian/Mauritius
MV Indian/Maldives
MW Africa/Blantyre
MX America/Mexico_City
MY Asia/Kuala_Lumpur
MZ Africa/Maputo
NA Africa/Windhoek
NC Pacific/Noumea
NE Africa/Niamey
NF Pacific/Norfolk
NG Africa/Lagos
NI America/Managua
NL Europe/Amsterdam
NO Europe/Oslo
NP Asia/Kathmandu
NR Pacific/Nauru
NU Pacific/Niue
NZ Pacific/Auckland
OM Asia/Muscat
PA America/Panama
PE America/Lima
PF Pacific/Tahiti
PG Pacific/Port_Moresby
PH Asia/Manila
PK Asia/Karachi
PL Europe/Warsaw
PM America/Miquelon
PR America/Puerto_Rico
PS Asia/Hebron
PT Europe/Lisbon
PW Pacific/Palau
PY America/Asuncion
QA Asia/Qatar
RE Indian/Reunion
RO Europe/Bucharest
RS Europe/Belgrade
RU Europe/Moscow
RW Africa/Kigali
SA Asia/Riyadh
SB Pacific/Guadalcanal
SC Indian/Mahe
SD Africa/Khartoum
SE Europe/Stockholm
SG Asia/Singapore
SH Atlantic/St_Helena
SI Europe/Ljubljana
SJ Arctic/Longyearbyen
SK Europe/Bratislava
SL Africa/Freetown
SM Europe/San_Marino
SN Africa/Dakar
SO Africa/Mogadishu
SR America/Paramaribo
SS Africa/Juba
ST Africa/Sao_Tome
SV America/El_Salvador
SX America/Lower_Princes
SY Asia/Damascus
SZ Africa/Mbabane
TA Atlantic/St_Helena
TC America/Grand_Turk
TD Africa/Ndjamena
TG Africa/Lome
TH Asia/Bangkok
TJ Asia/Dushanbe
TK Pacific/Fakaofo
TL Asia/Dili
TM Asia/Ashgabat
TN Africa/Tunis
TO Pacific/Tongatapu
TR Europe/Istanbul
TT America/Port_of_Spain
TV Pacific/Funafuti
TW Asia/Taipei
TZ Africa/Dar_es_Salaam
UA Europe/Kyiv
UG Africa/Kampala
US America/New_York
UY America/Montevideo
UZ Asia/Tashkent
VA Europe/Vatican
VC America/St_Vincent
VE America/Caracas
VG America/Tortola
VI America/St_Thomas
VN Asia/Ho_Chi_Minh
VU Pacific/Efate
WF Pacific/Wallis
WS Pacific/Apia
XK Europe/Belgrade
YE Asia/Aden
YT Indian/Mayotte
ZA Africa/Johannesburg
ZM Africa/Lusaka
ZW Africa/Harare
"""

#: The IANA zone of each region (zone.tab); of several the one where most of the people live. AC, TA and XK are not in
#: zone.tab: Ascension and Tristan da Cunha keep the time of Saint Helena, Kosovo that of Belgrade.
MAIN_ZONES: dict[str, str] = dict(line.split(" ") for line in _TABLE.strip().splitlines())

_AREAS_DIFFER = frozenset(
    {"AU", "BR", "CA", "CD", "EC", "ES", "FM", "GL", "ID", "KI", "KZ", "MN", "MX", "NZ", "PF", "PT", "RU", "US"}
)
"""Countries where phonenumbers tells the zones of areas apart."""

_GEOGRAPHIC = frozenset({NumberType.FIXED, NumberType.FIXED_OR_MOBILE})
_MOBILES_HAVE_AREAS = frozenset({"52", "55", "62"})
"""Calling codes whose mobile numbers begin with an area code, as phonenumbers has it."""

_NAMES = {
    "America/Godthab": "America/Nuuk",
    "Asia/Choibalsan": "Asia/Ulaanbaatar",
    "Europe/Bucharest": "Europe/Kaliningrad",  # their name for the Russian area with the same clock
    "Pacific/Enderbury": "Pacific/Kanton",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
}
"""Zones as zone.tab has them, by the names that phonenumbers gives them."""

_CROWDED = {
    "1208": "America/Boise",  # Idaho; its north keeps Pacific time
    "1605": "America/Chicago",  # South Dakota, Sioux Falls
    "1701": "America/Chicago",  # North Dakota, Fargo
    "1709": "America/St_Johns",  # Newfoundland; Labrador keeps Atlantic time
    "1775": "America/Los_Angeles",  # Nevada, Reno
    "1879": "America/St_Johns",
    "1907": "America/Anchorage",
    "1928": "America/Phoenix",
    "1986": "America/Boise",
    "6185": "Australia/Perth",
    "6186": "Australia/Perth",
    "6187": "Australia/Adelaide",
    "6188": "Australia/Adelaide",
    "6189": "Australia/Perth",
    "6240": "Asia/Makassar",
}
"""For areas that span several zones, none the country's main one: by leading digits, where most of the people live."""


def time_zone_of(msisdn: str) -> str:
    """Return the IANA name of the zone where most people with such a number are.

    A number that belongs to an area has the area's zone; every other one, as most mobile numbers, that of most of the
    country's people. Etc/UTC for what belongs to no country, as the sandbox's own numbers.
    """
    if not has_shape(msisdn):
        return UTC
    code, national = split(msisdn)
    country, type_ = code.classify(national)
    main = MAIN_ZONES.get(country or code.main_country or "", UTC)
    if country not in _AREAS_DIFFER:
        return main
    if type_ in _GEOGRAPHIC or (type_ is NumberType.MOBILE and code.code in _MOBILES_HAVE_AREAS):
        return _area_zone(msisdn[:_TELLING_DIGITS], main)
    return main


@lru_cache(maxsize=100_000)
def _area_zone(head: str, main: str) -> str:
    from phonenumbers import timezone

    code, national = split(head)
    found = timezone.time_zones_for_geographical_number(in_their_words(code.code, national))
    zones = {_NAMES.get(zone, zone) for zone in found}
    if len(zones) == 1:
        return str(zones.pop())
    return main if main in zones else _CROWDED.get(head[:4], main)
