-- The panel as a role of PostgreSQL that can add to the ledger and never alter it.
--
-- Two roles: the owner of the tables, which runs `manage.py migrate` and this file and nothing
-- else, and `panel`, with which the panel itself connects. To name the second one otherwise,
-- replace "panel" (in quotes) throughout.
--
--     DATABASE_URL=postgres://owner@db.example/pools python manage.py migrate
--     psql --set=ON_ERROR_STOP=1 --file=docs/postgresql-grants.sql postgres://owner@db.example/pools
--
-- Run it after the first migration. It may be run again at any time, and changes nothing then.
-- Tables that later migrations add need no other run: `panel` can read and write those, never
-- alter them. PostgreSQL 14 or newer. Everything or nothing takes effect.

BEGIN;

DO $$
BEGIN
  IF to_regclass('public.pools_entry') IS NULL THEN
    RAISE EXCEPTION 'There is no ledger yet: run the migrations first.';
  END IF;
  -- Whoever runs this without the right to make roles has it made beforehand.
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'panel') THEN
    CREATE ROLE "panel" LOGIN;
  END IF;
END $$;

-- Nobody makes tables or functions beside the panel's, not even temporary ones, which could
-- hide those of the same name. A password is set with \password panel.
DO $$
BEGIN
  EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, "panel"', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO "panel"', current_database());
END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC, "panel";
GRANT USAGE ON SCHEMA public TO "panel";

-- People, sessions, tokens, leases, the cache: the panel's daily work.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "panel";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO "panel";
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "panel";
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO "panel";

-- The ledger and the terms it is searched by only grow; what was migrated is the owner's.
REVOKE ALL ON pools_entry, pools_indexterm, django_migrations FROM PUBLIC, "panel";
GRANT SELECT, INSERT ON pools_entry, pools_indexterm TO "panel";
GRANT SELECT ON django_migrations TO "panel";

-- Rights also come with ownership, with membership and with being a superuser.
DO $$
DECLARE
  forbidden text;
BEGIN
  FOREACH forbidden IN ARRAY ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] LOOP
    IF has_table_privilege('panel', 'public.pools_entry', forbidden) THEN
      RAISE EXCEPTION 'panel still has % on the ledger: it must be no superuser, not the owner of '
        'the tables and no member of that role.', forbidden;
    END IF;
  END LOOP;
  IF has_schema_privilege('panel', 'public', 'CREATE') THEN
    RAISE EXCEPTION 'panel can still create in schema public: have a superuser run '
      'REVOKE CREATE ON SCHEMA public FROM PUBLIC.';
  END IF;
END $$;

COMMIT;
