"""The grammar of dates to come: which words of a note say when, before anyone asks what day."""

from __future__ import annotations

import re

MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|"
    r"okt(?:ober)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_TENS = r"(?:twenty|thirty)[- ](?:one|two|three|four|five|six|seven|eight|nine)"
YEAR = rf"(?:20[2-4]\d\b|['’][2-4]\d\b|(?<=[ /-])[2-4]\d\b(?![%:/.,]?\d)|(?:twenty[- ])?{_TENS}\b)"
_NTH = (
    r"(?:\d{1,2}(?:st|nd|rd|th)?|first|second|third|fourth|fifth|tenth|fifteenth|twentieth|"
    r"thirtieth|"
    r"(?:twenty|thirty)[- ](?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth))"
)
COUNT = (
    r"(?:\d{1,3}(?:[-–]\d{1,3})?|an?(?: couple(?: of)?| few)?|one|two|three|four|five|six|seven|"
    r"eight|nine|ten|twelve|"
    r"eighteen|couple(?: of)?|few|several)"
)
UNIT = r"(?:days?|wks?|weeks?|mos?|mths?|mnths?|months?|m|qtrs?|quarters?|yrs?|years?|y)\b"
SEASON = r"(?:spring|summer|autumn|fall|winter)\b"
_PART = (
    r"(?:(?:the )?(?:very )?(?:early|mid|late|end(?: of)?|beginning of|start of|first half of|"
    r"second half of|"
    r"1st half of|2nd half of|first week of|(?:the )?(?:1st|2nd|3rd|first|second|third|last) "
    r"(?:week|wk|half) (?:of|in)|"
    r"(?:back|tail) end of|turn of)[- ]?(?:the )?)"
)
_REL = r"(?:next|the following|nxt|the coming|the new|new|this coming|the next)"
HOLIDAY = (
    r"(?:easter|ramadan|eid|christmas|xmas|thanksgiving|diwali|new year(?:['’]?s)?|lunar new year|"
    r"carnival|michaelmas|whitsun(?:tide)?|pentecost|dussehra|"
    r"the holidays|(?:the )?summer (?:recess|break|holidays|peak)|golden week|lent|labou?r day)\b"
)
_DATE = (
    rf"(?:{_NTH}(?: of)? {MONTH}(?:,? {YEAR})?"
    rf"|the {_NTH} of {MONTH}(?:,? {YEAR})?"
    rf"|{MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b(?!['’]?\d)(?:,? 20\d\d)?"
    rf"|20[2-4]\d-\d\d(?:-\d\d)?|\d{{1,2}}[/.]\d{{1,2}}[/.](?:20)?[2-4]\d\b|\d{{1,2}}/20[2-4]\d)"
)
_MONTHS = (
    rf"(?:{_REL} |{_PART})?{MONTH}(?:[ ,]*(?:of )?{YEAR}| (?:of )?next year)?"
    rf"(?:[ ]?[/–-][ ]?{MONTH}(?: {YEAR})?)?(?:-?ish)?"
)
_QUARTERS = (
    rf"(?:(?:early|late|mid|end of|start of|beginning of)[- ])?(?:[QH][1-4]\b)(?:[ /-]?(?:of "
    rf")?(?:fy)?[ ]?['’]?(?:20)?[2-4]\d\b"
    rf"| (?:of )?next (?:year|fy)| (?:of )?(?:the )?(?:next|new) (?:fy|fiscal(?: year)?))?"
    rf"|(?:(?:early|late|mid|end of|start of|beginning of|next)[- ])?(?:fy|"
    rf"cy|fiscal)[ ]?['’]?(?:20)?[2-4]\d(?:/\d\d)?\b(?: (?:start|end|budget|q[1-4]|h[12]))?"
    rf"|(?:the )?(?:first|second|third|fourth|last|1st|2nd|3rd|4th) (?:quarter|half|qtr|semester)\b"
    rf"(?: (?:of )?(?:next year|the (?:next )?(?:fiscal )?year|fy ?\d\d|{YEAR}))?"
    rf"|{YEAR}, (?:first|second) half"
)
_SEASONS = (
    rf"(?:{_REL} |the |{_PART})?{SEASON}(?:[ ,]*(?:of )?(?:{YEAR}|next year|this year))?(?:-?ish)?"
)
_YEARS = (
    rf"{_PART}?(?:{_REL} )(?:calendar |financial |fiscal |budget |school |academic |municipal |"
    rf"tax )?"
    rf"(?:years?|yr|fy|fiscal(?: year| yr)?|quarter|qtr|month|week|cycle|semester|season|term|"
    rf"exercise|parliament|raise|crop|harvest|tender)\b"
    rf"|{_PART}['’][2-4]\d\b|{_PART}?(?:20[2-4]\d\b|(?:twenty[- ])?{_TENS}\b(?! (?:percent|"
    rf"thousand|hundred|months?|people|users)))|(?:the )?year[- ]end\b"
)
_WEEKS = r"(?:week|wk|kw|cw) ?\d{1,2}\b"
_WAIT = (
    rf"in (?:about |around |roughly |another )?{COUNT}[- ]?{UNIT}(?:['’]? time)?"
    rf"|{COUNT}[- ]?{UNIT} (?:from now|later|to the right|out|down the (?:line|road))"
    rf"|(?:for )?(?:another |at least )?{COUNT}[- ]?{UNIT}(?: wait)?"
)

#: A stretch that names a day, a period or a wait; not yet a date to come back on.
CORE = re.compile(
    rf"(?<![\w/-])(?:(?P<date>{_DATE})|(?P<quarter>{_QUARTERS})|(?P<month>{_MONTHS})|"
    rf"(?P<season>{_SEASONS})"
    rf"|(?P<holiday>{HOLIDAY}(?: {YEAR})?)|(?P<year>{_YEARS})|(?P<week>{_WEEKS})|"
    rf"(?P<wait>{_WAIT}))(?![\w/])",
    re.I,
)
#: A cheap look: a text without any of these holds no date to come back on.
MAY_HOLD = re.compile(
    rf"\b(?:{MONTH}|{SEASON}|{HOLIDAY}|fy|cy|nxt|next|new|q[1-4]|h[12]|20[2-4]\d|\d+ ?{UNIT}|"
    rf"{COUNT} {UNIT}|"
    r"until|till?|thru|after|once|when|post|following|past|if|unless|moment|year[- ]end|half|week|"
    r"twenty)|['’][2-4]\d",
    re.I,
)
