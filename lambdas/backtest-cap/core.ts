/** What the cap's function is called with: a budget's message by SNS, or the schedule's first of the month. */
export interface CapEvent {
  readonly Records?: readonly { readonly Sns?: { readonly TopicArn?: string; readonly Message?: string } }[];
  readonly newMonth?: boolean;
}

/** What happens to the queue. */
export type CapAction = { readonly state: "DISABLED" | "ENABLED"; readonly why: string } | { readonly ignore: string };

/** Decides by the event: the budget's message closes the queue, the new month opens it. */
export function decide(event: CapEvent, topicArn: string): CapAction {
  if (event.newMonth === true) return { state: "ENABLED", why: "a new month has begun" };
  const messages = (event.Records ?? []).map(({ Sns }) => Sns).filter((it) => it !== undefined);
  const mine = messages.find(({ TopicArn }) => TopicArn === topicArn);
  if (!mine) return { ignore: "is neither the budget's message nor a new month" };
  return { state: "DISABLED", why: (mine.Message ?? "").split("\n")[0]?.slice(0, 200) ?? "" };
}
