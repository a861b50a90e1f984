# SPDX-License-Identifier: Apache-2.0
"""What the demo works with: whose data, which files, who may do what. The figures that demo.py expects
are counted from these files, never from what a node says.
"""
import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests/data/demo"
DURUM = ROOT / "tests/data/hazards/ethiopia_durum_conflicts"

# handle, name, WIEWS code. The names say whose data it is; nobody there runs these nodes.
INSTITUTIONS = (
    ("irri", "International Rice Research Institute", "PHL001"),
    ("cimmyt", "International Maize and Wheat Improvement Center", "MEX002"),
    ("icrisat", "International Crops Research Institute for the Semi-Arid Tropics", "IND002"),
    ("ipk", "IPK Gatersleben", "DEU146"),
    ("usda", "USDA Pullman", "USA022"),
)


@dataclass
class Import:
    file: str  # below tests/data/demo
    words: list[str]
    id_column: str = ""
    rejected: int = 0  # rows that the data itself makes unacceptable

    def rows(self) -> list[dict[str, str]]:
        text = (DATA / self.file).read_bytes().decode("utf-8-sig")
        delimiter = ";" if text.startswith('"Curation";') else ","
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))

    def words_found(self, word: str) -> int:
        """How many acceptable rows have the word in a cell: what a search has to find here."""
        pattern = re.compile(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", re.IGNORECASE)
        return sum(
            1 for row in self.rows()
            if (not self.id_column or row[self.id_column])
            and any(pattern.search(cell) for cell in row.values() if isinstance(cell, str)))


@dataclass(frozen=True)
class Grant:
    can: str  # actions, by commas
    hide: tuple[str, ...] = ()

    def words(self) -> list[str]:
        return ["--can", self.can, *(["--hide", ",".join(self.hide)] if self.hide else [])]


@dataclass
class Dataset:
    name: str  # INSTITUTION/NAME
    title: str
    licence: str
    imports: list[Import]
    grants: dict[str, Grant]  # by audience
    records: int = 0  # as the owner's node counts them, once imported
    grant_ids: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return self.name.split("/")[0]

    def may(self, institution: str, action: str) -> bool:
        return institution == self.owner or any(
            action in grant.can.split(",") for to, grant in self.grants.items()
            if to in (institution, "members", "public"))


def trials(*folders: str) -> list[Import]:
    places = ("positionCoordinateX=observationUnitPosition.positionCoordinateX",
              "positionCoordinateY=observationUnitPosition.positionCoordinateY",
              "levelName=observationUnitPosition.observationLevel.levelName")
    mapped = [word for place in places for word in ("--map", place)]
    return [
        Import(f"{folder}/{file}.csv",
               ["--format", "csv", "--collection", collection, "--id", key, *more], key)
        for folder in folders
        for file, collection, key, more in (
            ("studies", "studies", "studyDbId", []),
            ("observation_units", "observationunits", "observationUnitDbId", mapped),
            ("observations", "observations", "observationDbId", []))
    ]


def traits(*files: str, without_id: int = 0) -> list[Import]:
    return [Import(file, ["--format", "csv", "--collection", "variables", "--id", "Variable ID"],
                   "Variable ID", without_id if "CO_337" in file else 0)
            for file in files]


ALL = Grant("discover,search,replicate")
FIND = Grant("discover,search")
# Where a wild relative was found is what collectors keep to themselves.
PLACE = tuple(f"collectingInfo.collectingSite.{name}" for name in (
    "latitudeDecimal", "latitudeDegrees", "longitudeDecimal", "longitudeDegrees"))
WITHOUT_PLACE = Grant("discover,search,replicate", PLACE)
FIND_WITHOUT_PLACE = Grant("discover,search", PLACE)
DATASETS = [
    Dataset("irri/rice-lines", "Lines of the 3,000 Rice Genomes", "MIT",
            [Import("irri/3k_rg_sample_list.csv",
                    ["--format", "csv", "--collection", "germplasm", "--id", "irisId",
                     "--map", "irisId=germplasmName",
                     "--map", "subpopulation=additionalInfo.subpopulation"], "irisId")],
            {"members": ALL}),
    Dataset("irri/rice-trials", "Rice field experiments", "MIT", trials("irri/rice-trials"),
            {"cimmyt": ALL}),
    Dataset("irri/rice-traits", "Rice trait dictionary CO_320", "CC-BY-4.0",
            traits("irri/CO_320_rice_TD.csv"), {"members": ALL, "public": FIND}),
    Dataset("cimmyt/wheat-trials", "Wheat trials", "MIT", trials("cimmyt/wheat-trials"),
            {"members": FIND, "icrisat": ALL}),
    Dataset("cimmyt/maize-trials", "Maize trials", "MIT", trials("cimmyt/maize-trials"),
            {"irri": ALL}),
    Dataset("cimmyt/traits", "Wheat and maize trait dictionaries CO_321, CO_322", "CC-BY-4.0",
            traits("cimmyt/CO_321_wheat_TD.csv", "cimmyt/CO_322_maize_TD.csv"),
            {"members": ALL, "public": FIND}),
    Dataset("icrisat/trials", "Sorghum, millet and groundnut trials", "MIT",
            trials("icrisat/sorghum-trials", "icrisat/millet-trials", "icrisat/groundnut-trials"),
            {"members": ALL}),
    Dataset("icrisat/traits", "Trait dictionaries CO_324, CO_327, CO_337", "CC-BY-4.0",
            traits("icrisat/CO_324_sorghum_TD.csv", "icrisat/CO_327_pearl_millet_TD.csv",
                   "icrisat/CO_337_groundnut_TD.csv", without_id=1),
            {"members": FIND, "public": FIND}),
    Dataset("ipk/passports", "Passports of wild relatives, DEU146", "CC0-1.0",
            [Import("ipk/passports.csv", ["--format", "mcpd"], "ACCENUMB")],
            {"members": FIND_WITHOUT_PLACE, "usda": ALL, "public": FIND_WITHOUT_PLACE}),
    Dataset("usda/passports", "Passports of wild relatives, USA022", "CC0-1.0",
            [Import("usda/passports.csv", ["--format", "mcpd"], "ACCENUMB")],
            {"members": FIND_WITHOUT_PLACE, "ipk": WITHOUT_PLACE, "public": FIND_WITHOUT_PLACE}),
]
SUBSCRIPTIONS = [("irri", "cimmyt/traits"), ("irri", "cimmyt/maize-trials"),
                 ("cimmyt", "irri/rice-lines"), ("cimmyt", "irri/rice-trials"),
                 ("icrisat", "irri/rice-traits"), ("icrisat", "cimmyt/wheat-trials"),
                 ("ipk", "usda/passports"), ("usda", "ipk/passports")]
NOT_GRANTED = ("icrisat", "irri/rice-trials")
KILLED = ("ipk", "icrisat/trials")  # killed while it receives this
WITHDRAWN = ("irri", "cimmyt/maize-trials")
SEARCHER, QUERY, DOWN = "usda", "drought", "cimmyt"
HIDDEN = ("ipk", "usda/passports")  # held without PLACE

# A part of a dataset by a condition, then a smaller part: who, what, and the ORIGCTY of each.
NARROWED = ("icrisat", "usda/passports")
WIDE, NARROW = ("FRA", "GBR", "ITA"), ("ITA", "GRC")


@dataclass
class Version:
    """One institution's version of the same passports."""
    writer: str
    file: str  # below DURUM
    names: dict[str, str]  # header -> field, where they differ
    rejected: int = 0

    def rows(self) -> list[dict[str, str]]:
        text = (DURUM / self.file).read_bytes().decode("cp1252")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def values(self) -> dict[str, dict[str, object]]:
        """Accession -> field -> value, of the fields compared; of two rows of an accession the first."""
        records: dict[str, dict[str, object]] = {}
        for row in self.rows():
            named = {self.names.get(header, header): cell for header, cell in row.items()}
            records.setdefault(named["accession"], {
                name: float(named[name]) if JOINT_FIELDS[name] == "number" else named[name]
                for name in JOINT_FIELDS if named.get(name, "") not in ("", "NA")})
        return records

    def words(self) -> list[str]:
        mapped = [word for header, name in self.names.items() for word in ("--map", f"{header}={name}")]
        return ["--format", "csv", "--collection", "germplasm", "--id", "accession",
                "--missing", "NA", *mapped]


# What the versions are compared over, each with its type.
JOINT_FIELDS = {"adm1": "text", "adm2": "text", "adm3": "text", "adm4": "text", "lon": "number",
                "lat": "number", "year_charac": "number"}
LATEST_WINS = ("year_charac",)  # all others stay open until a curator decides
JOINT = Dataset("cimmyt/durum", "Ethiopian durum wheat passports", "CC-BY-4.0", [],
                {"members": FIND})
VERSIONS = [
    Version("cimmyt", "passport_A_published.csv", {}),
    Version("icrisat", "passport_B_check1.csv", {"x": "lon", "y": "lat"}),
    Version("ipk", "passport_C_check2.csv",
            {"Region": "adm1", "Zone": "adm2", "District": "adm3", "Locality": "adm4",
             "year_of_characterization": "year_charac"}, rejected=1),
]


def joint_conflicts(versions: list[Version]) -> set[tuple[str, str]]:
    """(accession, field) of which not all of the versions that have a value have the same."""
    told: dict[tuple[str, str], set[object]] = {}
    for version in versions:
        for accession, values in version.values().items():
            for name, value in values.items():
                told.setdefault((accession, name), set()).add(value)
    return {where for where, values in told.items() if len(values) > 1}
