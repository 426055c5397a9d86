-- Lists of what has one status, and of who no longer waits: without them the rest is read and left out. Seconds for a
-- million visits, in which nothing is booked.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX appointments_by_status ON appointments (status, start_time, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_by_state ON waitlist (state, priority, created_at, id);
