-- In a transaction of its own: rows can be read and written while they are looked at.
ALTER TABLE doctors VALIDATE CONSTRAINT doctors_max_daily_visits;
ALTER TABLE availabilities VALIDATE CONSTRAINT availabilities_location;
ALTER TABLE availabilities VALIDATE CONSTRAINT availabilities_validity;
ALTER TABLE availabilities VALIDATE CONSTRAINT availabilities_hours;
