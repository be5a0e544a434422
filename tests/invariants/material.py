"""Texts, titles, tags and sections from which random histories are made.

A text is a run of sentences of one topic, so that two runs of a topic overlap, contain each other or share
nothing. The reports of two topics follow one template and differ only in names and numbers.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """Sentences about one event, and headlines for it."""

    language: str
    titles: tuple[str, ...]
    sentences: tuple[str, ...]

    def text(self, start: int, length: int) -> str:
        """Return ``length`` sentences from number ``start``, counted around the end."""
        return " ".join(self.sentences[(start + place) % len(self.sentences)] for place in range(length))


FERRY = Topic(
    "en",
    ("Ferry strike closes the northern harbour", "Harbour shut as ferry crews walk out", "NEWS IN BRIEF"),
    (
        "Crews of the northern ferry line stayed on shore for a second day on Monday.",
        "Talks about night shifts broke down after nine hours in the union's office.",
        "The harbour authority closed three piers and sent freight to the southern port.",
        "Commuters from the islands were taken across by fishermen for two coins each.",
        "The line's director said that no ship would sail without a full crew.",
        "A mediator from the ministry is expected to arrive by train on Wednesday.",
        "Bakers on the outer islands have flour for four more days, the council reported.",
        "The last strike of the ferry line, eleven years ago, ended after a fortnight.",
    ),
)
RAILWAY = Topic(
    "en",
    ("Snow comes early to the mountain railway", "Railway opens its season in the snow", "News in brief"),
    (
        "Half a metre of snow fell on the pass during the night to Tuesday.",
        "The mountain railway takes its first skiers of the winter up on Saturday.",
        "Nobody in the valley had expected the season to open before Christmas.",
        "Engineers checked the cog wheels and found two that must be replaced.",
        "Hotels near the upper station are booked until the middle of February.",
        "An avalanche watch will be kept from the old observatory above the tunnel.",
        "Tickets cost a tenth more than last year because of the price of power.",
        "Children under twelve travel free on weekdays, the company announced.",
    ),
)
LIBRARY = Topic(
    "en",
    ("Old lighthouse becomes a library", "Lighthouse library opens on Friday", "Open source at sea"),
    (
        "Volunteers carried nine hundred books up the spiral stairs of the lighthouse.",
        "The reading room with a view of the sea opens on Friday afternoon.",
        "Its lamp will go on burning above the shelves until the morning.",
        "The catalogue runs on open source software that two pupils maintain.",
        "A retired keeper reads sailors' stories aloud to children on Sundays.",
        "The county paid for insulation, since paper and salt air are no friends.",
        "Visitors must leave wet coats in the boathouse below the rocks.",
    ),
)
ELECTION = Topic(
    "de",
    ("Bürgermeisterin gewinnt die Stichwahl", "Stichwahl: Straße für Straße gezählt", "Kurz gemeldet"),
    (
        "Die Bürgermeisterin hat die Stichwahl am Sonntag mit knappem Vorsprung gewonnen.",
        "In den Hafenvierteln gaben weniger als die Hälfte der Berechtigten ihre Stimme ab.",
        "Der Herausforderer gratulierte noch am Abend und kündigte eine neue Partei an.",
        "Die Auszählung dauerte wegen eines Stromausfalls im Rathaus bis nach Mitternacht.",
        "Als Erstes will sie die Brücke zum Westufer für Lastwagen sperren lassen.",
        "Der neue Rat tritt am zehnten Dezember zu seiner ersten Sitzung zusammen.",
    ),
)
BRIDGE = Topic(
    "ru",
    ("Мост через реку открыт после ремонта", "Новости: мост снова открыт", "Коротко"),
    (
        "Мост через реку открыт для автомобилей после двухлетнего ремонта.",
        "Первыми по нему проехали городские автобусы и колонна старинных машин.",
        "Строители заменили четыреста тонн стальных балок и все фонари.",
        "Стоимость работ превысила смету почти на четверть, сообщила мэрия.",
        "Пешеходную дорожку обещают достроить до начала весеннего половодья.",
    ),
)
HARVEST = Topic(
    "zh",
    ("今年稻米收成创新高", "稻米丰收", "要闻简报"),
    (
        "今年南部平原的稻米收成创下十年来的新高。",
        "农业部门表示，雨水充足和新品种是主要原因。",
        "当地合作社计划把三成粮食运往北方的城市。",
        "农民希望明年的收购价格能够保持稳定。",
    ),
)
PLACES = ("Peru", "Japan", "Chile", "Nepal", "Iceland")
QUAKES = Topic(
    "en",
    tuple(f"Magnitude 5.{place} earthquake strikes {name}" for place, name in enumerate(PLACES, 1)),
    tuple(
        f"A magnitude 5.{place} earthquake struck {name} on Tuesday, the geological survey said. "
        "There were no immediate reports of damage or injuries."
        for place, name in enumerate(PLACES, 1)
    ),
)
FIRMS = ("Pfizer", "Nvidia", "Siemens", "Toyota")
RESULTS = Topic(
    "en",
    tuple(f"{name} beats estimates" for name in FIRMS),
    tuple(
        f"{name} reported quarterly earnings of {place}.2{place} dollars a share on Tuesday, "
        "beating analysts' estimates, and raised its outlook for the year."
        for place, name in enumerate(FIRMS, 1)
    ),
)
TOPICS = (FERRY, RAILWAY, LIBRARY, ELECTION, BRIDGE, HARVEST, QUAKES, RESULTS)

TAGS = (
    ("harbour", "Open Source"),
    ("open-source", "HARBOUR"),
    ("open source", "C++"),
    ("Open Source!", "c"),
    ("Ökonomie", "Straße"),
    ("ökonomie", "STRASSE"),
    ("Новости", "harbour"),
    ("новости", "经济"),
    ("a/b", "a b", "A & B"),
    ("Harbour",),
    (),
)
AUTHORS = ((), ("Ada Moor",), ("Bo Reed", "ada moor"))
SECTIONS = ("world", "Local news", "local-news", "Мир", "Science & more")
