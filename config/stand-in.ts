/**
 * What stands where a stack file holds a value that only its owner's key opens: `text`, in the form that the setting asks for,
 * as a made-up value would be refused otherwise.
 */
export function standIn(key: string, text: string): string {
  return key.endsWith(":monitoring.pagerDutyUrl") ? `https://events.pagerduty.com/integration/${text}/enqueue` : text;
}
