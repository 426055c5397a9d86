-- When patients are reminded of visits, in minutes before they begin; as the clinic usually does when absent.
ALTER TABLE visit_types ADD COLUMN reminder_offsets_minutes integer[];
