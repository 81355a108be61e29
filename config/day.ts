/** Dates of a stack file. Pulumi reads `2027-03-31` without quotes as a moment, and hands it on as one. */

const moment = /^(\d{4}-\d{2}-\d{2}) 00:00:00 \+0000 UTC$/;

/** A date as it was written, whichever way it came through Pulumi's command line. */
export function asDay(text: string): string {
  return moment.exec(text)?.[1] ?? text;
}

/** Whether a text is a day of the calendar, such as `2027-01-31`. */
export function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
