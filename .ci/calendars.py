"""Reads the calendars of notification-svc's tests with PyPI's icalendar, and says what it finds otherwise than the visits are.

Times are read by the rules in the calendar itself, whatever this machine knows of the zone.
"""

import csv
import sys
from datetime import UTC, datetime
from pathlib import Path

from icalendar import Calendar

CALENDARS = Path("notification-svc/tests/calendars")


def instant(calendar: Calendar, event, name: str) -> datetime:
    value = event[name]
    if "TZID" not in value.params:
        return value.dt.astimezone(UTC)
    [zone] = [zone for zone in calendar.timezones if zone["TZID"] == value.params["TZID"]]
    return value.dt.replace(tzinfo=zone.to_tz(lookup_tzid=False)).astimezone(UTC)


def read(case: dict[str, str], method: str):
    file = CALENDARS / "golden" / f"{case['name']}-{method.lower()}.ics"
    raw = file.read_bytes()
    assert all(len(line) <= 75 for line in raw.split(b"\r\n")), "a line is too long"
    assert raw.replace(b"\r\n", b"").find(b"\n") < 0, "a line ends otherwise"
    [calendar] = Calendar.from_ical(raw, multiple=True)
    assert calendar["METHOD"] == method
    assert not calendar.errors and not any(part.errors for part in calendar.walk()), calendar.errors
    assert calendar.to_ical() and {part.name for part in calendar.subcomponents} <= {"VEVENT", "VTIMEZONE"}
    [event] = calendar.events
    for name, column in ("DTSTART", "starts_at"), ("DTEND", "ends_at"):
        found, expected = instant(calendar, event, name), datetime.fromisoformat(case[column])
        assert found == expected, f"{name} is {found}, not {expected}"
    assert event["ATTENDEE"] == "mailto:ada+calendar@example.com"
    assert event["ORGANIZER"].params["CN"] == "Praxis Lindenhof, Köln"
    assert event["SUMMARY"] == "Rendez-vous à l’étage – Dr Zoë Müller-Lüdenscheidt, médecin; généraliste"
    return event


def main() -> None:
    with (CALENDARS / "cases.tsv").open(newline="") as table:
        cases = list(csv.DictReader(table, delimiter="\t"))
    for case in cases:
        try:
            request, cancel = read(case, "REQUEST"), read(case, "CANCEL")
            assert request["UID"] == cancel["UID"] and request["SEQUENCE"] < cancel["SEQUENCE"]
            assert (request["STATUS"], cancel["STATUS"]) == ("CONFIRMED", "CANCELLED")
        except AssertionError as problem:
            sys.exit(f"{case['name']}: {problem}")
    assert len(cases) * 2 == len(list((CALENDARS / "golden").glob("*-*.ics"))), "a calendar is of no case"
    print(f"icalendar reads {len(cases)} visits as they are")


main()
