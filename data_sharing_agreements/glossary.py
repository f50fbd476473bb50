"""Words that pages, commands and documents use, each in a sentence or two.

Belongs here: the words, the page of them, and docs/glossary.md, which `python -m
data_sharing_agreements.glossary` prints. Does not: how anything works.
"""

from __future__ import annotations

from collections.abc import Mapping

from data_sharing_agreements.pages import render

PLACE = "words/index.html"
"""Where the page lies below a home's reports; every page's foot leads there."""

WORDS: Mapping[str, str] = {
    "agreement": (
        "A data sharing agreement: an agency's word on which of its data may be shared, for which "
        "purposes, with which other data they may be linked, and until when."
    ),
    "band": (
        "The range in which a figure most likely lies, because chance had a part in the number of "
        "people behind it."
    ),
    "bit": "The unit of evidence. One bit doubles the odds, ten make about 1,000 to 1.",
    "blocking key": (
        "What two records must share to be compared at all, such as a birth date and the first letter "
        "of a name. Comparing everything with everything would take too long."
    ),
    "bridge": (
        "One weak pair that alone holds two groups of records together. It may have joined two people."
    ),
    "cell rule": (
        "The smallest number of people a table may show. Smaller numbers are withheld, and others "
        "with them from which they could be computed."
    ),
    "clause": "The numbered place in an agreement that permits, forbids or demands something.",
    "clerical review": (
        "Two people judge the same uncertain pair, neither knowing what the other said; a third "
        "decides where they differ."
    ),
    "cluster": "The records taken for one person's.",
    "co-residents": (
        "The people of a household as one source tells it. Where two sources' households hold a third person "
        "in common, their other members are likelier the same people."
    ),
    "codebook": (
        "The page that comes with a mart: what each column means, where it comes from, how good it is."
    ),
    "constraint": "A decision of people about two records, together or apart, that every later link keeps.",
    "contract": (
        "An agency's description of its deliveries: tables, columns, keys, and rules they must meet."
    ),
    "core": (
        "Tables of facts about persons under random keys, in one form whatever the source. They hold "
        "no identifiers."
    ),
    "crosswalk": (
        "The list in the vault that says which record key stands for which of an agency's own record ids."
    ),
    "delivery": "The files an agency sent for one period. Once taken in, it never changes.",
    "drift": "How far a model, or what an increment saw, has moved from what was approved.",
    "encoding": (
        "A keyed code in place of a name, date or number. Two codes can be compared; nobody without "
        "the key can read them."
    ),
    "F1": "One number for precision and recall: their harmonic mean. 1 is best.",
    "gate": "The part of the program that asks, before data are touched, whether the agreements permit it.",
    "grey zone": "Pairs whose weight says neither yes nor no clearly. Reviewers look at a sample of them.",
    "hub": "The office that runs Commonweal for the agencies.",
    "increment": (
        "A link of what a delivery changed only; all other persons stay as they were. From time to "
        "time everything is linked anew, in full."
    ),
    "indicator": (
        "A share by which the state manages for results, such as returns to homelessness, with a target."
    ),
    "interval": (
        "The range in which the true figure most likely lies: so made that 95 of 100 such ranges hold it."
    ),
    "join": "Two records taken for one person's.",
    "kin": (
        "People of one household. They share a surname and an address, so that these say little between them."
    ),
    "level": "How far two records agree in one field: the same, nearly the same, different.",
    "license": (
        "A data use license: which project may use which columns, for which question, in which form, "
        "and until when."
    ),
    "lineage": "The way of a figure back to the files it came from and the clauses that permitted it.",
    "link rate": (
        "The share of records whose person another source knows too. It is a count, not an error: "
        "some people are served by one agency only."
    ),
    "link version": "One state of the spine. A link makes a new one; those before can be rebuilt.",
    "log": "The list of everything decided and done, in which nothing can be changed unnoticed.",
    "m and u": (
        "How often a level of agreement is seen among pairs of one person's records (m), and among "
        "pairs of two strangers' (u). Their ratio is what the level is worth."
    ),
    "mart": "A table made for one project from what its license permits, without identifiers.",
    "memorandum": (
        "The enterprise memorandum of understanding: the frame that all agreements and licenses stand in."
    ),
    "model": (
        "The settings and learnt numbers by which a link weighs agreement. Its card says what it was "
        "trained on and what it is not for."
    ),
    "node": "Records of a source that say exactly the same. They are weighed as one.",
    "obligation": (
        "What an agreement demands of whoever uses the data: withholding, rounding, naming the source."
    ),
    "odds": "How much likelier one thing is than the other: 8 to 1 is right eight times in nine.",
    "pair": "Two records that were compared.",
    "pattern": "In which fields two records agree and how far, with no value of either.",
    "person key": (
        "A random number that stands for a person in the spine. It stays with the largest part of the "
        "person's records, and is never used for another."
    ),
    "placeholder": "A value that stands for nothing, such as 999-99-9999 or 1 January 1900.",
    "precision": (
        "Of the pairs of records that were joined, the share that is of one person: joins that are right."
    ),
    "prior": "The odds that two records are of one person before anything is compared. They are small.",
    "quarantine": "Where rows lie that broke a rule of their contract. They go no further.",
    "recall": "Of the pairs of records that are of one person, the share that was joined.",
    "record": "What one agency's system holds under one id of its own. A person may have several.",
    "register": "The public page of what is shared, under which agreement, with whom and until when.",
    "restriction": "A notice that keeps one person's records out of some use or all.",
    "source": "One agency's system that delivers, such as school records.",
    "spine": "The list that says which records are of one person, by random keys alone. It holds no name.",
    "strangers": "Two people of different households.",
    "threshold": "The weight from which records are joined: even odds, if nothing else is set.",
    "token": "A keyed code of a whole value. Equal values have equal tokens under one key.",
    "truth": (
        "A list of whose records really belong together, by which errors are measured. Real states "
        "seldom have one."
    ),
    "unlinkable": "A record that holds so little that even an exact copy of it would not be joined to it.",
    "vault": "The encrypted store of identifiers. Only the linkage reads it.",
    "waterfall": "A picture of how evidence adds up, field by field, to the weight of a pair.",
    "weight": "The evidence of a pair, in bits: above nought for one person, below nought against.",
    "withheld": (
        "Not shown because it counts too few people, or because one that does could be computed from "
        "it. Shown as ·."
    ),
}
"""Word → what it means, by the alphabet."""


def words_html(title: str) -> str:
    """Return the page of the words.

    Args:
        title: Title of the deployment.
    """
    return render(
        "data_sharing_agreements.pages",
        "words.html.j2",
        home="../index.html",
        title=title,
        entries=[(anchor(word), word, meaning) for word, meaning in WORDS.items()],
    )


def anchor(word: str) -> str:
    """Return the id of a word on the page."""
    return word.lower().replace(" ", "-")


def markdown() -> str:
    """Return docs/glossary.md."""
    lines = [f"**{word}**  \n{meaning}" for word, meaning in WORDS.items()]
    head = "# Words\n\nWhat the words mean that pages, commands and these documents use."
    return "\n\n".join([head, *lines]) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
