"""Redaction and language detection against other libraries: `python benchmarks/text_peers.py`.

Those that are not installed are named and left out: `pip install presidio-analyzer scrubadub
lingua-language-detector` (an environment of their own is best; they pin much). presidio-analyzer
is run on a blank spaCy pipeline, as no language model is downloaded: its pattern recognisers alone.

The thirty texts of redaction were written by the author of the rules, and the notes in other
languages by the author of the word list, so that our rows flatter themselves.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.util import find_spec

from lossnlp.text import clean, redact
from lossnlp.text._language import language_of

Redact = Callable[[str], str]
Detect = Callable[[str], str]

#: A text, what must go from it, what must stay.
PERSONAL: list[tuple[str, list[str], list[str]]] = [
    ("Hi Tom, thanks again for the demo.", ["Tom"], ["demo"]),
    ("Dear Ms. Tanaka,\n\nwe went with Workday.", ["Tanaka"], ["Workday"]),
    ("Spoke to Priya Nair, she prefers Okta.", ["Priya Nair"], ["Okta"]),
    ("call me on 555-0142 or +44 161 555 0144", ["555-0142", "+44 161 555 0144"], []),
    ("(555) 014-2277, ask for Dave", ["(555) 014-2277"], []),
    ("mail hlindqvist@example.com re pricing", ["hlindqvist@example.com"], ["pricing"]),
    ("Regards,\nTeodora Quill, Practice Administrator", ["Teodora Quill"], ["Practice"]),
    ("see https://crm.example.com/opp/123?x=1 for details", ["crm.example.com"], ["details"]),
    ("card 4111 1111 1111 1111 declined", ["4111 1111 1111 1111"], ["declined"]),
    ("IBAN DE89 3704 0044 0532 0130 00", ["DE89 3704 0044 0532 0130 00"], []),
    ("acct no 12345678 closed", ["12345678"], ["closed"]),
    ("SSN 078-05-1120 in the mail", ["078-05-1120"], []),
    ("From: Ruth (Head of Marketing)\nSubject: sad news", ["Ruth"], ["Head of Marketing"]),
    ("Dr. Obi's practice manager said no", ["Obi"], ["practice manager"]),
    ("10/12 JD: lost to Gong on price, 120k vs 95k", [], ["Gong", "120k", "10/12"]),
    ("went w/ Workday, half the price", [], ["Workday"]),
    ("Sage renewed, Deputy out, Toast stays", [], ["Sage", "Deputy", "Toast"]),
    ("Lost to Airbase. 400 seats, 2025-10-12 close", [], ["Airbase", "2025-10-12", "400"]),
    ("parked till Q3 FY26, CFO froze spend", [], ["Q3 FY26", "CFO"]),
    ("dup of 00418872, keep that one", [], ["00418872"]),
    ("Kind regards\nInes", ["Ines"], []),
    ("Thanks Marco, we'll stay on ADP.", ["Marco"], ["ADP"]),
    ("champion Denise left in March", ["Denise"], ["March"]),
    ("Anneke says board will sign Weds", ["Anneke"], ["Weds"]),
    ("ip 10.12.4.7 blocked by firewall", ["10.12.4.7"], ["firewall"]),
    ("1,200 users at $17 per user per month, 36-month term", [], ["1,200", "$17", "36-month"]),
    ("tel. +31 20 555 0143", ["+31 20 555 0143"], []),
    ("Mr Castellano never called back", ["Castellano"], []),
    ("We met Herr Muster at the plant in Leipzig", ["Muster"], []),
    ("KONE keeps the lifts, Schindler quoted too", [], ["KONE", "Schindler"]),
]
FOREIGN = {
    "de": ["Kunde hat sich für einen anderen Anbieter entschieden", "Budget wurde gestrichen"],
    "fr": ["le client a choisi un concurrent moins cher", "projet reporté à l'année prochaine"],
    "es": ["el cliente eligió a otro proveedor por precio", "no hay presupuesto este año"],
    "it": ["il cliente ha scelto un altro fornitore", "il progetto è stato rimandato"],
    "pt": ["o cliente escolheu outro fornecedor mais barato", "sem orçamento este ano"],
    "nl": ["klant heeft voor een andere leverancier gekozen", "geen budget dit jaar meer"],
    "sv": ["kunden valde en annan leverantör", "ingen budget i år tyvärr"],
    "pl": ["klient wybrał innego dostawcę", "brak budżetu w tym roku"],
    "ru": ["клиент выбрал другого поставщика", "в этом году нет бюджета"],
    "ja": ["お客様は他社を選びました", "今年は予算がありません"],
    "tr": ["müşteri başka bir tedarikçi seçti", "bu yıl bütçe yok"],
    "fi": ["asiakas valitsi toisen toimittajan", "budjettia ei ole tänä vuonna"],
}
#: Below this certainty a detector is taken to say English, ours as well.
SURE = 0.5
NOTES = 400


def starter() -> list[tuple[str, list[str]]]:
    """Return the notes of the starter corpus with the rivals that they name."""
    folder = files("lossnlp.training").joinpath("starter")
    paths = sorted((p for p in folder.iterdir() if p.name.endswith(".jsonl")), key=lambda p: p.name)
    rows = [json.loads(line) for p in paths for line in p.read_text("utf-8").splitlines()]
    return [(row["note"], row["competitors"]) for row in rows]


def redactors() -> Iterator[tuple[str, Redact]]:
    yield "lossnlp", lambda text: redact(text).text
    if installed("presidio-analyzer", "presidio_analyzer"):
        analyzer = presidio()
        yield "presidio-analyzer, blank pipeline", lambda text: analyzer(text, 0.0)
        yield "presidio-analyzer, score >= 0.4", lambda text: analyzer(text, 0.4)
    if installed("scrubadub", "scrubadub"):
        import scrubadub

        yield "scrubadub", scrubadub.Scrubber().clean


def installed(package: str, module: str) -> bool:
    there = find_spec(module) is not None
    if not there:
        print(f"  {package}: not installed")
    return there


def presidio() -> Callable[[str, float], str]:
    import spacy
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    blank = tempfile.mkdtemp(prefix="blank-")
    spacy.blank("en").to_disk(blank)
    models = [{"lang_code": "en", "model_name": blank}]
    provider = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models})
    engine = AnalyzerEngine(nlp_engine=provider.create_engine(), supported_languages=["en"])
    kinds = "PERSON EMAIL_ADDRESS PHONE_NUMBER CREDIT_CARD IBAN_CODE URL IP_ADDRESS US_SSN "
    entities = [*kinds.split(), "US_BANK_NUMBER"]

    def redacted(text: str, least: float) -> str:
        pieces, done = [], 0
        found = engine.analyze(text, language="en", entities=entities)
        for one in sorted(found, key=lambda one: one.start):
            if one.score >= least and one.start >= done:
                pieces += [text[done : one.start], "[X]"]
                done = one.end
        return "".join([*pieces, text[done:]])

    return redacted


def print_redaction(corpus: list[tuple[str, list[str]]]) -> None:
    notes = [(note, names) for note, names in corpus if names][:NOTES]
    print("Redaction: personal strings found, other strings kept, vendor names destroyed in notes")
    for name, run in redactors():
        found = [part not in run(text) for text, go, _ in PERSONAL for part in go]
        kept = [part in run(text) for text, _, stay in PERSONAL for part in stay]
        begin = time.process_time()
        after = [run(note) for note, _ in notes]
        speed = len(notes) / (time.process_time() - begin)
        there = [(part, out) for (note, names), out in zip(notes, after, strict=True)
                 for part in names if part in note]  # fmt: skip
        lost = sum(part not in out for part, out in there)
        print(f"  {name:36}found {sum(found)}/{len(found)}  kept {sum(kept)}/{len(kept)}  "
              f"destroyed {lost}/{len(there)}  {speed:7,.0f} notes/s")  # fmt: skip


def detectors() -> Iterator[tuple[str, Callable[[], Detect]]]:
    yield "lossnlp (words, then py3langid)", lambda: language_of
    if installed("py3langid", "py3langid"):
        yield "py3langid alone", py3langid_alone
    if installed("lingua-language-detector", "lingua"):
        yield "lingua", lingua


def py3langid_alone() -> Detect:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def detect(text: str) -> str:
        language, certainty = identifier.classify(text)
        return str(language) if certainty >= SURE else "en"

    return detect


def lingua() -> Detect:
    from lingua import LanguageDetectorBuilder

    detector = LanguageDetectorBuilder.from_all_languages().build()

    def detect(text: str) -> str:
        best = detector.compute_language_confidence_values(text)[0]
        return best.language.iso_code_639_1.name.lower() if best.value >= SURE else "en"

    return detect


def print_languages(corpus: list[tuple[str, list[str]]]) -> None:
    notes = [text for text in (clean(note).text for note, _ in corpus) if len(text.split()) >= 3]
    notes = notes[:: max(1, len(notes) // 1000)]
    foreign = [(text, code) for code, texts in FOREIGN.items() for text in texts]
    print(f"Language: short foreign notes found, {len(notes)} English notes called foreign, time")
    for name, load in detectors():
        begin = time.process_time()
        detect = load()
        right = sum(detect(text) == code for text, code in foreign)
        loaded = time.process_time()
        wrong = sum(detect(text) != "en" for text in notes)
        ended = time.process_time()
        speed = len(notes) / (ended - loaded)
        print(f"  {name:36}found {right}/{len(foreign)}  false alarms {wrong}  "
              f"first {loaded - begin:.1f} s, then {speed:,.0f} notes/s")  # fmt: skip


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)  # presidio tells of every recogniser that it skips
    corpus = starter()
    print_redaction(corpus)
    print_languages(corpus)


if __name__ == "__main__":
    main()
