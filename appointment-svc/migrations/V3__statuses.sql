-- Alone: a value cannot be used in the transaction that adds it. In the order in which a visit passes them.
ALTER TYPE appointment_status ADD VALUE IF NOT EXISTS 'held' BEFORE 'scheduled';
ALTER TYPE appointment_status ADD VALUE IF NOT EXISTS 'requested' BEFORE 'scheduled';
ALTER TYPE appointment_status ADD VALUE IF NOT EXISTS 'arrived' AFTER 'confirmed';
ALTER TYPE appointment_status ADD VALUE IF NOT EXISTS 'checked_in' AFTER 'arrived';
ALTER TYPE appointment_status ADD VALUE IF NOT EXISTS 'in_progress' AFTER 'checked_in';
ALTER TYPE appointment_status ADD VALUE IF NOT EXISTS 'expired' AFTER 'no_show';
ALTER TYPE appointment_status ADD VALUE IF NOT EXISTS 'entered_in_error' AFTER 'expired';
