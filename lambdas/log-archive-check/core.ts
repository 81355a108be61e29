/** A day's figures of the archive, and what is missing. */

export interface GroupFigures {
  readonly group: string;
  /** Events that the log group took in. */
  readonly ingested: number;
  /** Events that were sent on to the delivery stream. */
  readonly forwarded: number;
}

export interface StreamFigures {
  /** Records that the delivery stream took, and that it put into S3. */
  readonly records: number;
  readonly delivered: number;
  /** Objects of the day in the archive. */
  readonly objects: number;
}

export interface Gap {
  /** Percent of the events that did not reach the archive. */
  readonly percent: number;
  /** What is wrong, by the log group or the stream. */
  readonly findings: readonly string[];
}

/** Events that may still be on their way at midnight: fewer are no finding. */
const slack = 100;

/** The gap of one day. A day without events has none. */
export function gapOf(groups: readonly GroupFigures[], stream: StreamFigures): Gap {
  const findings: string[] = [];
  let ingested = 0;
  let forwarded = 0;
  for (const one of groups) {
    ingested += one.ingested;
    forwarded += Math.min(one.forwarded, one.ingested);
    const missing = one.ingested - one.forwarded;
    if (missing > slack) findings.push(`${one.group}: ${missing} of ${one.ingested} events were not sent on`);
  }
  const lost = stream.records > 0 ? Math.max(0, 1 - stream.delivered / stream.records) : 0;
  if (lost > 0.001) findings.push(`${stream.records - stream.delivered} of ${stream.records} batches are not in S3`);
  if (forwarded > slack && stream.objects === 0) {
    findings.push("the archive has no object of the day");
    return { percent: 100, findings };
  }
  const arrived = forwarded * (1 - lost);
  const percent = ingested > slack ? (100 * (ingested - arrived)) / ingested : 0;
  return { percent: Math.max(0, Math.round(percent * 100) / 100), findings };
}

/** The day before a moment, in UTC: its two ends and its name. */
export function dayBefore(now: Date): { from: Date; to: Date; name: string } {
  const to = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()));
  const from = new Date(to.getTime() - 86_400_000);
  return { from, to, name: from.toISOString().slice(0, 10) };
}
