import { fileURLToPath } from "node:url";
import { readSettings } from "./config";
import { createLog } from "./observe/log";
import { Redactor } from "./observe/redact";
import { Secrets, secretsManager } from "./secrets";
import { connectionConfig } from "./store/database";
import { migrate } from "./store/migrate";

/** Migrates and ends: a one-off task before a deployment, with MIGRATE_ON_START=false in the service. */
const settings = readSettings(process.env);
const redactor = new Redactor();
const log = createLog({ level: settings.LOG_LEVEL, stage: settings.STAGE, redactor });
const secrets = new Secrets(settings.secrets, secretsManager(), (value) => redactor.add(value));
await migrate(connectionConfig(settings, secrets), fileURLToPath(new URL("../migrations", import.meta.url)), log);
