"""Return codes of iSendPro (reference: isendpro.md, section 6).

Those below 9000 are the vendor's. The others are ours, for what the vendor's published texts have no number for: when
its own table is had, this is the place.
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    ACCEPTED = 0
    KEY_INVALID = 3
    BLACKLISTED = 11
    NOT_ASSIGNED = 21
    SUBACCOUNT_ADDED = 230
    SHORTLINK_MADE = 250
    PARAMETER_MISSING = 9001
    NUMBER_INVALID = 9002
    SENDER_INVALID = 9003
    TEXT_TOO_LONG = 9004
    CREDIT_TOO_LOW = 9005
    DATE_INVALID = 9006
    ADDRESS_NOT_ALLOWED = 9007
    ADDRESS_BOOK_UNKNOWN = 9008
    CHARACTER_INVALID = 9009
    UCS2_NOT_THERE = 9010
    PARAMETER_INVALID = 9011
    SUBACCOUNT_UNKNOWN = 9012
    LOGIN_TAKEN = 9013
    NOT_YOURS_TO_GIVE = 9014
    NO_COVERAGE = 9015
    OPERATION_UNKNOWN = 9016
    TOO_MANY_REQUESTS = 9017
    INTERNAL = 9099


SENTENCES: dict[Code, str] = {
    Code.ACCEPTED: "Votre message a bien été pris en compte",
    Code.KEY_INVALID: "Clé non valide",
    Code.BLACKLISTED: "Ce numéro est en liste noire",
    Code.NOT_ASSIGNED: "Ce numéro n'est pas attribué",
    Code.SUBACCOUNT_ADDED: "Le sous-compte a été ajouté",
    Code.SHORTLINK_MADE: "Le lien court a été créé",
    Code.PARAMETER_MISSING: "Un paramètre obligatoire est absent",
    Code.NUMBER_INVALID: "Ce numéro n'est pas valide",
    Code.SENDER_INVALID: "L'émetteur doit avoir 4 à 11 chiffres, lettres ou espaces, et pas seulement des chiffres",
    Code.TEXT_TOO_LONG: "Le message est trop long pour le nombre de SMS autorisé",
    Code.CREDIT_TOO_LOW: "Le crédit est insuffisant",
    Code.DATE_INVALID: "La date ou le fuseau horaire n'est pas valide",
    Code.ADDRESS_NOT_ALLOWED: "Cette adresse IP n'est pas autorisée",
    Code.ADDRESS_BOOK_UNKNOWN: "Ce répertoire n'existe pas",
    Code.CHARACTER_INVALID: "Un caractère du message n'est pas dans l'alphabet GSM",
    Code.UCS2_NOT_THERE: "L'option ucs2 n'existe pas en France métropolitaine",
    Code.PARAMETER_INVALID: "La valeur d'un paramètre n'est pas valide",
    Code.SUBACCOUNT_UNKNOWN: "Ce sous-compte n'existe pas",
    Code.LOGIN_TAKEN: "Cet identifiant est déjà pris",
    Code.NOT_YOURS_TO_GIVE: "Ce compte ne peut pas lever cette restriction",
    Code.NO_COVERAGE: "Aucun envoi n'est possible vers ce pays",
    Code.OPERATION_UNKNOWN: "Cette opération n'existe pas",
    Code.TOO_MANY_REQUESTS: "Trop de requêtes",
    Code.INTERNAL: "Une erreur interne est survenue",
}
