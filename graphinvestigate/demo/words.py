"""The words a demo tenant is made of; each seed draws its own from these lists."""

from __future__ import annotations


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _split(
    "Adaeze Alvar Amina Anouk Astrid Bao Beatriz Bodil Caoimhe Carlos Chiara Dagny Darius Devika Dmitri Eerika "
    "Eilidh Elif Emeka Esme Fadila Farid Fenna Florin Gaia Gareth Giulia Halvard Hana Hiroko Ibrahim Ilse Imani "
    "Ines Ingrid Iskander Ivo Jana Jasper Joaquim Jutta Kamala Kasimir Keiko Kofi Lale Lars Leilani Lien Ludmila "
    "Maarten Mahina Marisol Mateo Mehmet Mirela Naledi Nadia Nils Noor Odile Oksana Oluwaseun Orla Paavo Paloma "
    "Pavel Petra Priya Quentin Rania Renske Ruth Saoirse Selma Silvio Siobhan Soren Tadeusz Tamar Thandiwe Tomas "
    "Ulrike Vasco Vesna Viggo Wanjiru Xavier Yara Yuki Zainab Zoltan"
)

FAMILY = _split(
    "Abara Aguilar Ahlberg Andrade Arslan Banerjee Barros Bergstrom Bhandari Bielski Bouchard Brandt Calloway "
    "Castellan Chaudhry Corrigan Dahlgren Danso Demirci Dufour Eklund Endo Eriksen Falk Farkas Ferreira Fitzwilliam "
    "Fontaine Garza Gjerde Grabowski Haidar Halloran Hashimoto Heikkila Hoekstra Horvath Idowu Ishikawa Ivanova "
    "Jankowski Jelinek Kaplan Karimi Keller Kimathi Kovac Kuipers Laakso Laurent Lindqvist Lombardi Macleod Mahlaba "
    "Marchetti Mbeki Mikkelsen Moreau Mwangi Nakamura Ndiaye Novak Nygaard Okafor Oliveira Osei Pahlavi Pereira "
    "Petrov Popescu Quispe Radich Ramaswamy Rasmussen Reinholt Rossi Saarinen Salazar Schreiber Sekulic Sharma Silva "
    "Sokolov Steiner Sundaram Szabo Takeda Tavares Thorne Tran Underhill Vanderberg Varga Vidal Wachira Weisz Wolanski "
    "Yamaguchi Yilmaz Zeller Zielinski"
)

DOMAIN_FIRST = _split(
    "amber alder birch bluff cedar cinder cobalt copper coral dune ember fern flint garnet granite harbor hazel heron "
    "indigo iron ivory juniper kestrel larch linden lunar maple marsh meadow mica moss north oak onyx opal osprey pine "
    "quartz raven reed ridge river rowan sable saffron sierra silver slate sorrel spruce stone summit tidal umber vale "
    "willow winter"
)

DOMAIN_LAST = _split(
    "analytics atelier bakery boats bridge capital carriers clinics consulting energy engineering fabrics farms foods "
    "forge freight gardens glass haulage health holdings instruments insurance labs lenses logistics lumber machines "
    "marine media metals mills motors museum optics orchards outfitters paper pharma press railways research robotics "
    "sailing seeds shipping software solar supplies textiles tools toys trading turbines works"
)

LURE_WORDS = _split(
    "secure portal invoice share doc verify account mail office payroll benefit review sign update notice cloud "
    "archive voice ledger remit vendor"
)

HOST_PREFIXES = ("lt", "wks", "nb", "ws", "pc", "lap")
WINDOWS = (("Windows10", 19045, "22H2"), ("Windows11", 22631, "23H2"), ("Windows11", 26100, "24H2"))
SERVER_ROLES = ("file", "app", "print", "sql", "backup", "jump")
DEPARTMENTS = ("Finance", "Sales", "Legal", "Engineering", "Operations", "Human Resources", "Marketing")

# city, state, country letters, country, latitude, longitude, autonomous system
OFFICES = (
    ("Utrecht", "Utrecht", "NL", "Netherlands", 52.0907, 5.1214, 64496),
    ("Graz", "Steiermark", "AT", "Austria", 47.0707, 15.4395, 64497),
    ("Halifax", "Nova Scotia", "CA", "Canada", 44.6488, -63.5752, 64498),
    ("Aarhus", "Midtjylland", "DK", "Denmark", 56.1629, 10.2039, 64499),
    ("Porto", "Porto", "PT", "Portugal", 41.1579, -8.6291, 64500),
    ("Leeds", "England", "GB", "United Kingdom", 53.8008, -1.5491, 64501),
    ("Madison", "Wisconsin", "US", "United States", 43.0731, -89.4012, 64502),
    ("Cork", "Cork", "IE", "Ireland", 51.8985, -8.4756, 64503),
    ("Tampere", "Pirkanmaa", "FI", "Finland", 61.4978, 23.761, 64504),
    ("Brno", "Jihomoravsky kraj", "CZ", "Czechia", 49.1951, 16.6068, 64505),
    ("Hobart", "Tasmania", "AU", "Australia", -42.8821, 147.3272, 64506),
    ("Nagoya", "Aichi", "JP", "Japan", 35.1815, 136.9066, 64507),
)
FAR_PLACES = (
    ("Vilnius", "Vilniaus apskritis", "LT", "Lithuania", 54.6872, 25.2797, 64508),
    ("Chisinau", "Chisinau", "MD", "Moldova", 47.0105, 28.8638, 64509),
    ("Lagos", "Lagos", "NG", "Nigeria", 6.5244, 3.3792, 64510),
    ("Hanoi", "Ha Noi", "VN", "Vietnam", 21.0278, 105.8342, 64511),
    ("Quito", "Pichincha", "EC", "Ecuador", -0.1807, -78.4678, 65536),
    ("Almaty", "Almaty", "KZ", "Kazakhstan", 43.2389, 76.8897, 65537),
    ("Medellin", "Antioquia", "CO", "Colombia", 6.2442, -75.5812, 65538),
    ("Izmir", "Izmir", "TR", "Turkiye", 38.4237, 27.1428, 65539),
    ("Surabaya", "Jawa Timur", "ID", "Indonesia", -7.2575, 112.7521, 65540),
    ("Sofia", "Sofia-Grad", "BG", "Bulgaria", 42.6977, 23.3219, 65541),
    ("Casablanca", "Casablanca-Settat", "MA", "Morocco", 33.5731, -7.5898, 65542),
    ("Cebu", "Central Visayas", "PH", "Philippines", 10.3157, 123.8854, 65543),
)

APPS = (
    ("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000"),
    ("Office 365 SharePoint Online", "00000003-0000-0ff1-ce00-000000000000"),
    ("Microsoft Teams", "1fec8e78-bce4-4aaf-ab1b-5451cc387264"),
    ("OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca"),
    ("Microsoft Office", "d3590ed6-52b3-4102-aeff-aad2292ab01c"),
    ("Azure Portal", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"),
    ("One Outlook Web", "9199bf20-a13f-4107-85dc-02114787ef48"),
)
RESOURCES = (
    ("Microsoft Graph", "00000003-0000-0000-c000-000000000000"),
    ("Office 365 Exchange Online", "00000002-0000-0ff1-ce00-000000000000"),
    ("Office 365 SharePoint Online", "00000003-0000-0ff1-ce00-000000000000"),
    ("OfficeHome", "4765445b-32c6-49b0-83e6-1d93765276ca"),
)
BROWSERS = (
    (
        "Windows10",
        "Edge 143.0.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 "
        "Safari/537.36 Edg/143.0.0.0",
    ),
    (
        "Windows10",
        "Chrome 143.0.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 "
        "Safari/537.36",
    ),
    (
        "MacOs",
        "Safari 18.5",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
        "Safari/605.1.15",
    ),
    (
        "Ios 18.6",
        "Mobile Safari",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/18.5 Mobile/15E148 Safari/604.1",
    ),
)
PHISH_AGENT = (
    "Linux",
    "Chrome 138.0.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
)
REPLAY_AGENTS = ("axios/1.8.4", "python-requests/2.32.3", "node-fetch/1.0", "okhttp/4.12.0")

SUBJECTS = (
    "Quarterly figures",
    "Invoice {number} overdue",
    "Your voicemail from {number}",
    "Updated travel policy",
    "Action required: mailbox almost full",
    "Shared: board minutes",
    "Re: contract renewal {number}",
    "Payslip for review",
)
FILES = (
    "setup.exe",
    "pdf-merge-free.exe",
    "invoice.iso",
    "driver-update.exe",
    "notes.docm",
    "screen-share.msi",
    "budget.xlsm",
    "player-codec.exe",
)
MALWARE = ("Wacatac", "Emotet", "AgentTesla", "Qakbot", "Lumma", "RedLine")
UNWANTED = ("Presenoker", "InstallCore", "Softcnapp", "Conduit")
OAUTH_NAMES = ("Mail Sync Pro", "Calendar Helper", "PDF Signer", "Contact Cleaner", "Drive Migrator", "Inbox Boost")
RULE_NAMES = (".", "..", "archive", "RSS", "zz", "move", "a")

# Texts that hurt whoever draws them unescaped.
HOSTILE = (
    "<img src=x onerror=alert(document.domain)>",
    "</script><script>alert(1)</script>",
    '<a href="https://attacker.invalid/">click</a>',
    "annual\u202efdp.exe",
    "\u001b[31mred\u001b[0m\u001b]0;owned\u0007",
    "=cmd|' /C calc'!A0",
    "\"quoted\" and 'single' and `tick`",
    "O'Brien's file",
    "C:\\new\\table\\u0041\\",
    "$\\href{javascript:alert(1)}{click}$",
    "line one\r\nline two\ttabbed",
    "zero\u200bwidth and \U000e0041 tag",
)
