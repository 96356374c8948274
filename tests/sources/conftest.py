"""Handmade samples of the published formats, small enough to read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

EUTL = {
    "installation.csv": """\
id,name,registry_id,activity_id,isAircraftOperator,firstYearOfEmissions,lastYearOfEmissions,city
AT_1,Kraftwerk,AT,20,false,2005,0,Wien
AT_2,Zementwerk,AT,29,false,2005,2007,Graz
XI_3,Airline,XI,10,true,2012,2030,Belfast
DE_4,,DE,777,false,2013,2005,Bonn
""",
    "account_holder.csv": """\
id,name,country_id
7,Strom AG,AT
8,Zement AG,AT
9,Nobody Ltd,AT
""",
    "account.csv": """\
id,name,registry_id,accountHolder_id,accountType_id,isOpen,companyRegistrationNumber,installation_id
100,Konto 1,AT,7,100-7,true,FN1,AT_1
101,Konto 2,AT,8,100-7,false,FN2,AT_2
102,Handel,AT,7,100-12,true,FN1,
103,Seltsam,AT,,999-9,true,,
104,Fremd,AT,7,100-7,true,,AT_99
""",
    "compliance.csv": """\
installation_id,year,compliance_id,allocatedFree,verified,verifiedNote,verifiedCummulative,surrendered,surrenderedCummulative
AT_1,2005,A,10,100,,100,100,100
AT_1,2006,B*,10,200,,300,50,150
AT_1,2007,C,10,,Not Reported,,,
AT_1,2008,D*,10,5,,5,5,5
AT_1,2009,E,10,5,,10,5,10
AT_1,2010,X,10,5,,,,
AT_1,2011,-,10,,,,,
AT_2,2006,,10,,Excluded,,,
AT_2,2007,,10,,Not Reported,,,
AT_2,2008,,10,,,,,
AT_2,2009,Q,10,7,,,,
AT_2,2011,A,10,7,,,,
AT_2,2011,B,10,7,,,,
AT_2,2010,A,10,many,,,,
NO_5,2010,A,10,3,,3,3,3
""",
    "transaction.csv": """\
id,transactionID,date,transactionTypeMain_id,transactionTypeSupplementary_id,transferringAccount_id,acquiringAccount_id,unitType_id,project_id,amount
1,AT1,2006-01-20 07:01:15.731,10,0,100.0,5.0,EUA2005,,30
2,AT1,2006-01-20 07:01:15.731,10,0,100.0,5.0,EUA2005,,30
3,AT2,2008-07-01 10:00:00.000,10,52,6.0,6.0,EUA_2008,,1000
4,AT3,2007-03-25 02:30:00.000,10,2,100.0,5.0,EUA2005,,7
5,AT4,2007-10-28 02:30:00.000,4,3,100.0,5.0,CER,828.0,7
6,AT5,2006-11-15 12:34:09.552,10,55,100.0,5.0,ZZZ,,7
7,AT6,2006-11-15 12:34:09.552,10,888,100.0,5.0,EUA2005,,7
8,AT7,2006-11-15 12:34:09.552,10,0,100.0,5.0,EUA2005,,1.5
9,AT8,gestern,10,0,100.0,5.0,EUA2005,,7
11,AT9,2006-11-15 12:34:09.552,10,0,100.0,5.0,EUA2005,,7
11,AT11,2006-11-15 12:34:09.552,10,0,100.0,5.0,EUA2005,,8
10,AT10,2006-11-15 12:34:09.552,10,0,,,EUA2005,,7
""",
}

CAMPD_HEADER = (
    "State, Facility Name, Facility ID (ORISPL), Unit ID, Associated Stacks, Year, Operating Time,"
    " Gross Load (MW-h), CO2 (short tons), Heat Input (MMBtu), Source Category, Operating Status,"
    " Unit Type, Fuel Type (Primary), Fuel Type (Secondary)\n"
)


@pytest.fixture
def eutl_zip(tmp_path: Path) -> Callable[..., Path]:
    """Write a EUTL archive; `replace` gives other content for a member, None leaves it out."""

    def write(replace: dict[str, str | bytes | None] | None = None, folder: str = "") -> Path:
        path = tmp_path / "eutl.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {**EUTL, **(replace or {})}.items():
                if content is not None:
                    archive.writestr(folder + name, content)
        return path

    return write


@pytest.fixture
def campd_csv(tmp_path: Path) -> Callable[..., Path]:
    """Write an annual CAMPD file of the given data lines."""

    def write(*lines: str, name: str = "emissions_annual_2016.csv") -> Path:
        path = tmp_path / "campd" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(CAMPD_HEADER + "".join(line + "\n" for line in lines), encoding="utf-8")
        return path

    return write
