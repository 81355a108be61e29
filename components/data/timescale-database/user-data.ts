import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { tunedParameters, type ParameterValue } from "../tuning";
import { parseDailyWindow, parseWeeklyWindow } from "../windows";
import type { TimescaleSettings } from "./settings";

/** Port of the health check that only the primary passes. */
export const healthPort = 8008;

/** Where a node finds what it needs; ARNs and names, never a secret's value. */
export interface NodePlace {
  readonly node: "a" | "b";
  /** The other node, where there is one. */
  readonly peer?: "a" | "b";
  readonly stanza: string;
  readonly region: string;
  readonly vpcCidr: string;
  readonly volumeId: string;
  readonly bucket: string;
  /** Prefix of the repository and of the marks, without slashes at its ends. */
  readonly prefix: string;
  readonly masterSecretArn: string;
  readonly replicationSecretArn: string;
  readonly tuningParameterName: string;
}

/** Text as one word for the shell, whatever is in it. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const confValue = (value: ParameterValue) => (typeof value === "boolean" ? (value ? "on" : "off") : String(value));

/** Lines for `postgresql.conf`; PostgreSQL reads the units itself. */
export function tuningLines(settings: TimescaleSettings): string {
  return Object.entries(tunedParameters(settings.tuning, settings.instanceType))
    .map(([name, value]) => `${name} = '${confValue(value)}'`)
    .join("\n");
}

/** pgBackRest's repository: S3 with the instance's own role. */
export function repositoryLines(place: Pick<NodePlace, "bucket" | "prefix" | "region">): string {
  return [
    "repo1-type=s3",
    `repo1-path=/${place.prefix}/repository`,
    `repo1-s3-bucket=${place.bucket}`,
    `repo1-s3-region=${place.region}`,
    `repo1-s3-endpoint=s3.${place.region}.amazonaws.com`,
    "repo1-s3-key-type=auto",
  ].join("\n");
}

/** The node's settings as `timescale-node` sources them. */
export function nodeEnvironment(settings: TimescaleSettings, place: NodePlace): string {
  const values: Readonly<Record<string, string>> = {
    NODE: place.node,
    PEER: place.peer ?? "",
    PG_MAJOR: settings.engineVersion,
    PG_BIN: `/usr/lib/postgresql/${settings.engineVersion}/bin`,
    PG_DATA: "/var/lib/timescale/data",
    PG_PORT: String(settings.port),
    PG_SOCKETS: "/run/timescale",
    STANZA: place.stanza,
    BACKREST_CONF: "/etc/timescale/pgbackrest.conf",
    BACKREST_REPO: repositoryLines(place),
    RETENTION_DAYS: String(settings.backup.retentionDays),
    ARCHIVE_TIMEOUT: String(settings.backup.archiveTimeoutSeconds),
    MARKS_URI: `s3://${place.bucket}/${place.prefix}/marks`,
    DB_NAME: settings.databaseName,
    DB_OWNER: settings.masterUsername,
    CLIENT_CIDR: place.vpcCidr,
    MINIMUM_TLS: settings.minimumTls,
    MASTER_SECRET: place.masterSecretArn,
    REPLICATION_SECRET: place.replicationSecretArn,
    TUNING_PARAMETER: place.tuningParameterName,
    DATA_VOLUME: place.volumeId,
    MAX_STORAGE_GIB: String(settings.maxStorageGiB),
    PACKAGES: settings.packages,
    AWS_DEFAULT_REGION: place.region,
  };
  return Object.entries(values)
    .map(([name, value]) => `export ${name}=${shellQuote(value)}\n`)
    .join("");
}

const weekDays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const clock = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}:00 UTC`;

/** systemd units of a node by file name. Timers are exact: fencing has to be done before the other node takes over. */
export function units(settings: TimescaleSettings): Readonly<Record<string, string>> {
  const command = "/usr/local/sbin/timescale-node";
  const job = (name: string, what: string, argument: string, calendar: string) => ({
    [`${name}.service`]: `[Unit]\nDescription=${what}\n[Service]\nType=oneshot\nExecStart=${command} ${argument}\n`,
    [`${name}.timer`]: `[Unit]\nDescription=${what}\n[Timer]\nOnCalendar=${calendar}\nAccuracySec=1s\n[Install]\nWantedBy=timers.target\n`,
  });
  const backup = clock(parseDailyWindow(settings.backup.window)?.start ?? 0);
  const maintenance = parseWeeklyWindow(settings.maintenanceWindow)?.start ?? 0;
  const maintenanceDay = weekDays[Math.floor(maintenance / 1440)] ?? "Mon";
  return {
    "timescale.service": `[Unit]\nDescription=PostgreSQL with TimescaleDB\nAfter=network-online.target\nWants=network-online.target\nRequiresMountsFor=/var/lib/timescale\n[Service]\nType=forking\nRestart=on-failure\nRestartSec=30\nRuntimeDirectory=timescale\nRuntimeDirectoryMode=0755\nExecStartPre=/bin/chown postgres: /run/timescale\nExecStart=${command} start\nExecStop=${command} stop\nTimeoutStartSec=infinity\nTimeoutStopSec=600\nOOMScoreAdjust=-900\nLimitNOFILE=65536\n[Install]\nWantedBy=multi-user.target\n`,
    "timescale-health.socket": `[Unit]\nDescription=Health check of TimescaleDB\n[Socket]\nListenStream=${healthPort}\nAccept=yes\n[Install]\nWantedBy=sockets.target\n`,
    "timescale-health@.service": `[Unit]\nDescription=One answer to a health check\n[Service]\nExecStart=${command} health\nStandardInput=socket\nStandardOutput=socket\nStandardError=journal\n`,
    ...job("timescale-check", "Step down where another node leads", "check", "*:*:0/15"),
    ...job("timescale-metrics", "Metrics of TimescaleDB", "metrics", "minutely"),
    ...job("timescale-backup-full", "Weekly full backup", "backup full", `Sun ${backup}`),
    ...job("timescale-backup-diff", "Daily differential backup", "backup diff", `Mon..Sat ${backup}`),
    ...job(
      "timescale-maintain",
      "Restart what waits for it",
      "maintain",
      `${maintenanceDay} ${clock(maintenance % 1440)}`,
    ),
    ...job("timescale-grow", "Grow the data volume when it fills", "grow", "hourly"),
  };
}

/** Settings of the CloudWatch agent: the server's log to its group. */
function agentSettings(logGroupName: string, node: string): string {
  return JSON.stringify({
    logs: {
      logs_collected: {
        files: {
          collect_list: [
            {
              file_path: "/var/lib/timescale/log/*.log",
              log_group_name: logGroupName,
              log_stream_name: `node-${node}`,
              timezone: "UTC",
            },
          ],
        },
      },
    },
  });
}

/** The program of a node; the same file that the tests run. */
export function nodeProgram(): string {
  return readFileSync(join(__dirname, "timescale-node.sh"), "utf8");
}

/** What a node does at its first boot, as a shell script. */
export function nodeUserData(settings: TimescaleSettings, place: NodePlace): string {
  const file = (path: string, mode: string, text: string) =>
    `install -D -m ${mode} /dev/stdin ${path} <<'END-OF-FILE'\n${text.replace(/\n*$/, "\n")}END-OF-FILE\n`;
  return [
    "#!/usr/bin/env bash\nset -euo pipefail\n",
    file("/etc/timescale/node.env", "0644", nodeEnvironment(settings, place)),
    file("/etc/timescale/agent.json", "0644", agentSettings(settings.logGroupName, place.node)),
    file("/usr/local/sbin/timescale-node", "0755", nodeProgram()),
    ...Object.entries(units(settings)).map(([name, text]) => file(`/etc/systemd/system/${name}`, "0644", text)),
    "agent=/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl\n",
    'if [ -x "$agent" ]; then "$agent" -a fetch-config -m ec2 -s -c file:/etc/timescale/agent.json; fi\n',
    "/usr/local/sbin/timescale-node boot\n",
  ].join("");
}

/** User data compressed, as EC2 takes 16 KB; cloud-init unpacks it. The same on every machine. */
export function compressed(script: string): string {
  const bytes = gzipSync(Buffer.from(script, "utf8"), { level: 9 });
  bytes[9] = 3; // the operating system that packed it
  return bytes.toString("base64");
}
