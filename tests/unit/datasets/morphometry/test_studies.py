"""Published tables are read in their layout, and their faults are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.catalog import find_card
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.morphometry import MORPHOMETRY, morphometry_loader
from neurodecode.datasets.morphometry.adni_codes import adni_measure
from neurodecode.datasets.morphometry.cohort import build_cohort
from neurodecode.datasets.morphometry.enigma import read_effects
from neurodecode.datasets.morphometry.oasis3 import parse_session
from neurodecode.faults import ConfigFault, DataFault, NetworkFault


def test_every_loader_but_the_general_ones_has_a_card():
    for name in MORPHOMETRY:
        if name not in ("local", "freesurfer"):
            card = find_card(name)
            assert card.paradigm == "morphometry", name
            assert card.licence, name
    with pytest.raises(ConfigFault, match="unknown morphometry data set 'OASIS3', did you mean"):
        morphometry_loader("OASIS3")
    with pytest.raises(ConfigFault, match=r"unknown option of loader oasis 'age'"):
        morphometry_loader("OASIS-1")(".", age=3)


def test_tables_put_there_by_hand_are_found_and_absent_ones_named(tmp_path):
    card = find_card("OASIS-1")
    with pytest.raises(NetworkFault, match=r"it lacks oasis_cross-sectional.csv"):
        fetch(card, root=tmp_path)
    oasis1(tmp_path / "OASIS-1")
    assert list(fetch(card, root=tmp_path).files) == ["OASIS-1/oasis_cross-sectional.csv"]
    assert fetch(card, root=tmp_path).missing == ()


# --- ADNI ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("ST29SV", "left_hippocampus_volume"), ("ST88SV", "right_hippocampus_volume"),
        ("ST37SV", "left_lateral_ventricle_volume"), ("ST96SV", "right_lateral_ventricle_volume"),
        ("ST30SV", "left_inf_lat_vent_volume"), ("ST89SV", "right_inf_lat_vent_volume"),
        ("ST24TA", "lh_entorhinal_thickness"), ("ST83CV", "rh_entorhinal_volume"),
        ("ST36SA", "lh_lateralorbitofrontal_area"), ("ST95TA", "rh_lateralorbitofrontal_thickness"),
        ("ST129TA", "lh_insula_thickness"), ("ST130CV", "rh_insula_volume"),
        ("ST120SV", "right_thalamus_volume"), ("ST127SV", "3rd_ventricle_volume"),
        ("ST99TA", "rh_middletemporal_thickness"), ("ST103TA", "rh_parahippocampal_thickness"),
        ("ST24TA_UCSFFSL_02_01_16_UCSFFSL51ALL_08_01_16", "lh_entorhinal_thickness"),
        ("ST24TS", None), ("ST10CV", None), ("ST131HS", None), ("STATUS", None), ("ST64TA", None),
    ],
)  # fmt: skip
def test_codes_have_the_meaning_of_the_dictionary(code, name):
    assert adni_measure(code) == name


def test_all_regions_and_structures_have_a_code():
    names = {adni_measure(f"ST{k}{kind}") for k in range(1, 131) for kind in ("SV", "TA")}
    assert sum(str(name).endswith("_thickness") for name in names) == 68
    assert len(names - {None}) == 68 + 2 * 14 + 13  # cortex, structures of both sides, of none


def adni(folder, **changed):
    folder.mkdir(exist_ok=True)
    rows = pd.DataFrame({
        "RID": [3, 3, 4, 5], "VISCODE": ["sc", "m24", "sc", "v03"],
        "VISCODE2": ["scmri", "m24", "sc", np.nan],
        "EXAMDATE": ["2010-01-05", "2012-01-09", "2010-02-01", "2011-01-01"],
        "FLDSTRENG": ["3 Tesla MRI", "3 Tesla MRI", "1.5 Tesla MRI", "3 Tesla MRI"],
        "IMAGEUID": [101, 102, 103, 104], "STATUS": "complete",
        "OVERALLQC": ["Pass", "Partial", "Pass", "Fail"],
        "TEMPQC": ["Pass", "Fail", "Pass", "Fail"],
        "ST10CV": [1500000, 1500000, 1400000, 1500000], "ST29SV": [3600, 3500, -4, 3300],
        "ST24TA": [3.3, 3.2, 3.1, 2.0], "ST37SV": [15000, 16000, 14000, 20000],
    })  # fmt: skip
    rows.assign(**changed).to_csv(folder / "UCSFFSX51_11_08_19.csv", index=False)
    pd.DataFrame({
        "RID": [3, 3, 3, 4, 4], "VISCODE": ["bl", "m24", "m60", "bl", "m12"],
        "EXAMDATE": ["2010-01-01", "2012-01-05", "2015-01-03", "2010-02-01", "2011-02-01"],
        "DX": ["CN", "CN", "MCI", "CN", np.nan], "AGE": [72.5, 72.5, 72.5, 68.0, 68.0],
        "PTGENDER": ["Female"] * 3 + ["Male"] * 2, "SITE": [11, 11, 11, 12, 12],
    }).to_csv(folder / "ADNIMERGE_01.csv", index=False)  # fmt: skip
    return folder


def test_adni_scans_are_joined_to_diagnoses_by_visit(tmp_path):
    visits = morphometry_loader("ADNI")(adni(tmp_path / "ADNI"), missing="keep")
    scans = visits[visits["scan"] != ""].set_index("scan")
    assert scans.index.tolist() == ["I101", "I102", "I103"]  # a failed scan is left out
    assert scans["impaired"].tolist() == [0, 0, 0]
    assert scans.loc["I102", "age"] == pytest.approx(72.5 + 734 / 365.25)
    assert scans["field_strength"].tolist() == [3, 3, 1.5]
    assert scans.loc["I101", "left_hippocampus_volume"] == 3600
    assert np.isnan(scans.loc["I103", "left_hippocampus_volume"])  # negative means missing
    assert np.isnan(scans.loc["I102", "lh_entorhinal_thickness"])  # its lobe failed
    assert scans.loc["I102", "left_lateral_ventricle_volume"] == 16000
    assert scans.loc["I101", ["etiv", "sex", "site"]].tolist() == [1500000, 0, "11"]
    without = visits[visits["scan"] == ""]
    assert without[["subject", "visit"]].to_numpy().tolist() == [["0003", "m60"], ["0004", "m12"]]


def test_adni_policies_choose_scans(tmp_path):
    read, folder = morphometry_loader("ADNI"), adni(tmp_path / "ADNI")
    kept = {
        name: sorted(set(read(folder, quality=name)["scan"]) - {""}) for name in ("pass", "any")
    }
    assert kept == {"pass": ["I101"], "any": ["I101", "I102"]}
    assert read(folder, quality="any").attrs["notes"][-1] == (
        "1 scans of people without any diagnosis"
    )
    with pytest.raises(ConfigFault, match="unknown quality 'passed', did you mean 'pass'"):
        read(folder, quality="passed")


def test_dxsum_and_ptdemog_stand_in_for_adnimerge(tmp_path):
    folder = adni(tmp_path / "ADNI")
    (folder / "ADNIMERGE_01.csv").unlink()
    with pytest.raises(DataFault, match=r"no table DXSUM\*.csv.*ADNIMERGE"):
        morphometry_loader("ADNI")(folder)
    pd.DataFrame({
        "RID": [3, 3, 3, 3, 3], "VISCODE": ["bl", "v11", "v21", "v31", "v41"],
        "VISCODE2": ["bl", "m24", "m36", "m48", "m60"],
        "EXAMDATE": ["2010-01-01", "2012-01-05", "2013-01-05", "2014-01-03", "2015-01-03"],
        "DXCURREN": [1, np.nan, np.nan, np.nan, np.nan],
        "DXCHANGE": [np.nan, 1, 4, 7, np.nan], "DIAGNOSIS": [np.nan] * 4 + [3],
    }).to_csv(folder / "DXSUM_PDXCONV.csv", index=False)  # fmt: skip
    pd.DataFrame({"RID": [3], "VISCODE": ["sc"], "PTGENDER": [2], "PTDOBYY": [1940],
                  "PTDOBMM": [1]}).to_csv(folder / "PTDEMOG.csv", index=False)  # fmt: skip
    visits = morphometry_loader("ADNI")(folder, missing="keep")
    person = visits[visits["subject"] == "0003"]
    assert person["impaired"].tolist() == [0, 0, 1, 0, 1]
    assert person["sex"].unique().tolist() == [0]
    assert person["age"].iloc[0] == pytest.approx(69.96, abs=0.02)


def test_adni_faults_are_named(tmp_path):
    read = morphometry_loader("ADNI")
    with pytest.raises(DataFault, match="no table UCSFFSX"):
        read(tmp_path)
    folder = adni(tmp_path / "a", ST29SV=[3.6, 3.5, 3.4, 3.3], ST37SV=[15.0, 16, 14, 20])
    with pytest.raises(DataFault, match="left_hippocampus_volume and 1 more looks like cm3"):
        read(folder)
    assert read(folder, units="convert")["left_hippocampus_volume"].max() == 3600
    (folder / "UCSFFSX6.csv").write_text("RID\n1\n")
    with pytest.raises(DataFault, match=r"several FreeSurfer versions: UCSFFSX51.*UCSFFSX6"):
        read(folder)
    merged = adni(tmp_path / "b") / "ADNIMERGE_01.csv"
    merged.write_text(merged.read_text().replace("MCI", "mild"))
    with pytest.raises(DataFault, match="DX 'mild' is none of CN, NL"):
        read(merged.parent)
    merged.write_text(merged.read_text().replace("EXAMDATE", "EXAM_DATE"))
    with pytest.raises(DataFault, match=r"no column 'EXAMDATE'.*is 'EXAM_DATE' meant"):
        read(merged.parent)


# --- OASIS --------------------------------------------------------------------------------------


def test_sessions_of_oasis3_tell_subject_and_day():
    assert parse_session("OAS30001_MR_d0129") == ("OAS30001", "MR", 129)
    assert parse_session("sub-OAS30001_ses-d0129") == ("OAS30001", "MR", 129)
    for name in ("OAS30001_d0129", "OAS2_0001_MR1", ""):
        with pytest.raises(DataFault, match="no session of OASIS-3"):
            parse_session(name)


def oasis3(folder):
    below = folder / "scans"
    below.mkdir(parents=True)
    newer = "freesurfer-Linux-v5.3.0-HCP-patch"
    pd.DataFrame({
        "Subject": ["OAS30001"] * 2 + ["OAS30002"],
        "MR_session": ["OAS30001_MR_d0129", "OAS30001_MR_d3000", "OAS30002_MR_d0010"],
        "version": [newer, newer, "v5.1"],
        "FS QC Status": ["Passed", "Passed with edits", "Failed"],
        "IntraCranialVol": [1500000, 1500000, 1400000], "lhCortexVol": [2e5] * 3,
        "Left-Hippocampus_volume": [3600, 3300, 3500], "lh_entorhinal_thickness": [3.3, 3.0, 3.2],
        "TOTAL_HIPPOCAMPUS_VOLUME": [7000, 6500, 7000],
    }).to_csv(below / "OASIS3_Freesurfer_output.csv", index=False)  # fmt: skip
    pd.DataFrame({
        "OASISID": ["OAS30001"] * 4, "days_to_visit": [0, 339, 339, 1500],
        "CDRTOT": [0, 0, 0.5, 0.5], "age at visit": [70, 71, 71, 74],
    }).to_csv(below / "OASIS3_UDSb4_cdr.csv", index=False)  # fmt: skip
    people = {"OASISID": ["OAS30001", "OAS30002"], "AgeatEntry": [70.0, 65.0], "GENDER": [2, 1]}
    pd.DataFrame(people).to_csv(folder / "OASIS3_demographics.csv", index=False)
    return folder


def test_oasis3_scans_take_the_rating_of_the_nearest_visit(tmp_path):
    visits = morphometry_loader("OASIS-3")(oasis3(tmp_path / "OASIS-3"))
    scans = visits[visits["scan"] != ""].set_index("scan")
    assert scans.index.tolist() == ["OAS30001_MR_d0129", "OAS30001_MR_d3000"]
    first = scans.iloc[0]
    assert (first["impaired"], first["diagnosis_day"], first["field_strength"]) == (0, 0, 3)
    assert first["age"] == pytest.approx(70 + 129 / 365.25)
    assert (first["sex"], first["etiv"]) == (0, 1500000)
    assert np.isnan(scans.iloc[1]["impaired"])  # the nearest visit is four years away
    clinic = visits[visits["scan"] == ""]
    assert clinic["impaired"].tolist() == [0, 1, 1]  # of two forms on one day the worse
    assert {"left_hippocampus_volume", "lh_entorhinal_thickness"} <= set(visits)
    every = morphometry_loader("OASIS-3")(tmp_path / "OASIS-3", accepted_quality=())
    assert every.loc[every["subject"] == "OAS30002", "field_strength"].tolist() == [1.5]


def test_an_absent_table_of_oasis3_is_named(tmp_path):
    (oasis3(tmp_path) / "OASIS3_demographics.csv").unlink()
    with pytest.raises(DataFault, match=r"no table OASIS3_demographics\*.csv"):
        morphometry_loader("OASIS-3")(tmp_path)


def oasis1(folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "oasis_cross-sectional.csv").write_text(
        "ID,M/F,Hand,Age,Educ,SES,MMSE,CDR,eTIV,nWBV,ASF,Delay\n"
        "OAS1_0001_MR1,F,R,74,2,3,29,0,1344,0.743,1.306,N/A\n"
        "OAS1_0002_MR1,M,R,75,2,3,22,0.5,1444,0.70,1.216,N/A\n"
        "OAS1_0002_MR2,M,R,75,2,3,22,0.5,1444,0.70,1.216,20\n"
        "OAS1_0003_MR1,M,R,25,,,,,1644,0.85,1.068,N/A\n"
        "OAS1_0004_MR1,M,R,45,2,3,30,0,1644,0.82,1.068,N/A\n"
    )
    return folder


def test_oasis1_compares_people_over_60_by_their_rating(tmp_path):
    table = morphometry_loader("OASIS-1")(oasis1(tmp_path))
    assert table["group"].to_dict() == {"OAS1_0001": 0, "OAS1_0002": 1}
    assert table.loc["OAS1_0001", ["etiv", "brain_volume", "sex"]].tolist() == [
        1344000, pytest.approx(998592), 0,
    ]  # fmt: skip
    assert len(morphometry_loader("OASIS-1")(tmp_path, minimum_age=0)) == 3
    with pytest.raises(DataFault, match=r"no case is left|no control is left"):
        morphometry_loader("OASIS-1")(tmp_path, minimum_age=75)


@pytest.mark.realdata
def test_the_published_tables_of_oasis_have_the_stated_people(realdata):
    folder = realdata / "oasis1_oasis2_tables"
    table = morphometry_loader("OASIS-1")(folder)
    assert table["group"].value_counts().to_dict() == {1: 100, 0: 98}
    read = morphometry_loader("OASIS-2")
    assert read(folder, contrast="converted")["group"].value_counts().to_dict() == {0: 72, 1: 14}
    assert len(read(folder, contrast="impaired")) == 150
    visits = read(folder)
    assert len(visits) == 373
    cohort = build_cohort(visits, minimum_follow_up=2, field_strength=1.5)
    assert (cohort.n_stable, cohort.n_converters) == (53, 12)
    with pytest.raises(ConfigFault, match="did you mean 'converted'"):
        read(folder, contrast="converter")


# --- tables without visits ----------------------------------------------------------------------


def test_abide_is_joined_by_file_id(tmp_path, group_tables):
    pheno = "FILE_ID,AGE_AT_SCAN,SEX,SITE_ID,DX_GROUP\nno_filename,9,1,A,1\nno_filename,9,1,A,1\n"
    path = group_tables / "Phenotypic_V1.csv"
    path.write_text(pheno + "anna,20.5,2,A,2\nben,30,1,B,1\n")
    table = morphometry_loader("ABIDE1-freesurfer6")(group_tables)
    assert table.loc["anna", ["age", "sex", "site", "group"]].tolist() == [20.5, 0, "A", 0]
    assert table.loc["ben", "group"] == 1
    path.write_text(pheno + "anne,20.5,2,A,2\nben,30,1,B,1\n")
    with pytest.raises(DataFault, match=r"no covariates of subject anna.*is 'anne' meant"):
        morphometry_loader("ABIDE1-freesurfer6")(group_tables)
    path.write_text(pheno + "anna,20.5,3,A,2\nben,30,1,B,1\n")
    with pytest.raises(DataFault, match="SEX '3' is none of 1, 2"):
        morphometry_loader("ABIDE1-freesurfer6")(group_tables)


def test_ixi_tells_hospital_and_field_strength_from_the_name(group_tables):
    for path in group_tables.glob("*.[tc]sv"):
        text = path.read_text().replace("anna", "IXI002-Guys-0828-T1")
        path.write_text(text.replace("ben", "IXI016-HH-1234-T1"))
    (group_tables / "IXI.csv").write_text(
        'IXI_ID,"SEX_ID (1=m, 2=f)",AGE\n2,2,35.8\n16,1,55.1\n17,1,\n'
    )
    table = morphometry_loader("IXI-freesurfer")(group_tables)
    assert table["site"].tolist() == ["Guys", "HH"]
    assert table["field_strength"].tolist() == [1.5, 3]
    assert table["sex"].tolist() == [0, 1]
    assert table["age"].tolist() == [35.8, 55.1]


def test_names_of_enigma_are_ours(tmp_path):
    (tmp_path / "cov.csv").write_text("SubjID,Dx,Age,Sex,ICV\na,1,54,1,1684160\nb,0,26,2,1400000\n")
    (tmp_path / "metr1_SubVol.csv").write_text(
        "SubjID,LLatVent,Rhippo,ICV\na,9000,3950,1\nb,8000,3395,1\n"
    )
    (tmp_path / "metr2_CortThick.csv").write_text(
        "SubjID,L_bankssts_thickavg,LThickness\na,2.5,1\nb,2.4,1\n"
    )
    (tmp_path / "metr3_CortSurf.csv").write_text("SubjID,R_insula_surfavg\na,2300\nb,2200\n")
    table = morphometry_loader("enigma-toolbox")(tmp_path)
    assert table.columns.tolist() == [
        "age", "sex", "etiv", "group", "left_lateral_ventricle_volume", "right_hippocampus_volume",
        "lh_bankssts_thickness", "rh_insula_area",
    ]  # fmt: skip
    assert table.loc["b", ["sex", "etiv", "group"]].tolist() == [0, 1400000, 0]


def test_effects_are_read_as_the_groups_write_numbers(tmp_path):
    path = tmp_path / "x_case-controls_CortThick.csv"
    path.write_text(
        'CorticalThickness,Structure,d_icv,pobs\nx,L_insula,"-0,21",<0.001\nx,R_insula,,0.5\n'
    )
    effects = read_effects(path)
    assert effects.loc["lh_insula_thickness"].tolist() == [-0.21, 0.001]
    assert np.isnan(effects.loc["rh_insula_thickness", "d"])
    path.write_text("CorticalThickness,Structure,d_icv\nx,L_insular,1\n")
    with pytest.raises(DataFault, match="unknown structure 'L_insular'"):
        read_effects(path)


@pytest.mark.realdata
def test_all_published_effects_of_enigma_are_read(realdata):
    folder = realdata / "enigma_toolbox_tables"
    table = morphometry_loader("enigma-toolbox")(folder)
    assert table["group"].value_counts().to_dict() == {1: 10, 0: 10}
    assert table.filter(regex="_(volume|thickness|area)$").shape == (20, 16 + 2 * 68)
    paths = sorted((folder / "summary_statistics").glob("*.csv"))
    effects = [read_effects(path) for path in paths]
    assert len(effects) > 100
    assert all(0.5 < len(table.dropna(subset="d")) / len(table) <= 1 for table in effects)


def test_any_table_is_read_by_a_mapping_of_columns(tmp_path):
    (tmp_path / "mine.csv").write_text(
        "id,Gender,years,dx,Left-Hippocampus,lh_entorhinal_thickness,hip_r,junk\n"
        "7,F,70,CN,3.6,3.3,3.7,x\n8,M,71,AD,3.4,3.1,3.5,y\n"
    )
    options = {
        "columns": {"subject": "id", "sex": "Gender", "age": "years", "group": "dx",
                    "right_hippocampus_volume": "hip_r"},
        "codes": {"group": {"CN": 0, "AD": 1}},
    }  # fmt: skip
    read = morphometry_loader("local")
    with pytest.raises(DataFault, match="right_hippocampus_volume and 1 more looks like cm3"):
        read(tmp_path, **options)
    table = read(tmp_path, units="convert", **options)
    assert table.index.tolist() == ["7", "8"]
    assert table["group"].tolist() == [0, 1]
    assert table["sex"].tolist() == [0, 1]
    assert table.loc["7", "left_hippocampus_volume"] == 3600
    assert "junk" not in table
    with pytest.raises(DataFault, match=r"no column 'Genders'.*is 'Gender' meant"):
        read(tmp_path, **{**options, "columns": {"subject": "id", "sex": "Genders"}})
    with pytest.raises(ConfigFault, match=r"unknown column 'gender'|unknown column 'sexx'"):
        read(tmp_path, columns={"sexx": "Gender"})
    with pytest.raises(DataFault, match="dx 'AD' is none of CN"):
        read(tmp_path, **{**options, "codes": {"group": {"CN": 0}}})
    with pytest.raises(DataFault, match=r"unknown file 'mines.csv', did you mean 'mine.csv'"):
        read(tmp_path, file="mines.csv")
    (tmp_path / "two.csv").write_text("a\n1\n")
    with pytest.raises(ConfigFault, match=r"2 files \*.csv"):
        read(tmp_path, **options)


def test_an_own_table_of_visits_makes_a_cohort(tmp_path):
    rows = ["subject,day,impaired,scan,field_strength,lh_entorhinal_thickness"]
    rows += ["a,0,0,a1,3,3.3", "a,1900,0,a2,3,3.2", "b,0,0,b1,3,3.1", "b,900,1,b2,3,3.0"]
    (tmp_path / "visits.csv").write_text("\n".join(rows))
    cohort = build_cohort(morphometry_loader("local")(tmp_path))
    assert cohort.table["group"].to_dict() == {"a": 0, "b": 1}
    assert cohort.table.loc["b", "lh_entorhinal_thickness"] == 3.1
