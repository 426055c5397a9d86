"""Reads the calendars of notification-svc's tests with PyPI's icalendar, and says what it finds otherwise than the visits are.

Times are read by the rules in the calendar itself, whatever this machine knows of the zone.
"""

import csv
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from icalendar import Calendar

CALENDARS = Path("notification-svc/tests/calendars")


def instant(calendar: Calendar, event, name: str) -> datetime:
    value = event[name]
    if "TZID" not in value.params:
        return value.dt.astimezone(UTC)
    [zone] = [zone for zone in calendar.timezones if zone["TZID"] == value.params["TZID"]]
    return value.dt.replace(tzinfo=zone.to_tz(lookup_tzid=False)).astimezone(UTC)


def parsed(name: str, method: str) -> Calendar:
    raw = (CALENDARS / "golden" / name).read_bytes()
    assert all(len(line) <= 75 for line in raw.split(b"\r\n")), "a line is too long"
    assert raw.replace(b"\r\n", b"").find(b"\n") < 0, "a line ends otherwise"
    [calendar] = Calendar.from_ical(raw, multiple=True)
    assert calendar["METHOD"] == method
    assert not any(part.errors for part in calendar.walk()), "something cannot be read"
    assert {part.name for part in calendar.subcomponents} <= {"VEVENT", "VTIMEZONE"}
    return calendar


def compare(case: dict[str, str], calendar: Calendar, event) -> None:
    for name, column in ("DTSTART", "starts_at"), ("DTEND", "ends_at"):
        found, expected = instant(calendar, event, name), datetime.fromisoformat(case[column])
        assert found == expected, f"{name} is {found}, not {expected}"
    assert event["ORGANIZER"].params["CN"] == "Praxis Lindenhof, Köln"


def invitation(case: dict[str, str], method: str):
    calendar = parsed(f"{case['name']}-{method.lower()}.ics", method)
    [event] = calendar.events
    compare(case, calendar, event)
    assert event["ATTENDEE"] == "mailto:ada+calendar@example.com"
    assert event["SUMMARY"] == "Rendez-vous à l’étage – Dr Zoë Müller-Lüdenscheidt, médecin; généraliste"
    return event


def feed(cases: list[dict[str, str]]) -> None:
    calendar = parsed("feed.ics", "PUBLISH")
    assert calendar.refresh_interval == timedelta(minutes=15)
    found = {str(event["SUMMARY"]): event for event in calendar.events}
    assert len(found) == len(calendar.events) == len(cases)
    for case in cases:
        compare(case, calendar, found[case["name"]])


def main() -> None:
    with (CALENDARS / "cases.tsv").open(newline="") as table:
        cases = list(csv.DictReader(table, delimiter="\t"))
    for case in cases:
        try:
            request, cancel = invitation(case, "REQUEST"), invitation(case, "CANCEL")
            assert request["UID"] == cancel["UID"] and request["SEQUENCE"] < cancel["SEQUENCE"]
            assert (request["STATUS"], cancel["STATUS"]) == ("CONFIRMED", "CANCELLED")
        except AssertionError as problem:
            sys.exit(f"{case['name']}: {problem}")
    feed(cases)
    assert len(cases) * 2 == len(list((CALENDARS / "golden").glob("*-*.ics"))), "a calendar is of no case"
    print(f"icalendar reads {len(cases)} visits as they are, in mails and in a calendar")


main()
