/** Keys, secrets, logs, alarms, detection. */
import { list, number, object, text, type Pricer } from "../pricer";

const key: Pricer = ({ usage }, bill) =>
  void bill.add("key", 1, "kms.key").add("requests", usage.kms.requests10k, "kms.requests");

const secret: Pricer = ({ inputs, usage }, bill) => {
  const copies = 1 + list(inputs.replicas).length;
  bill.add(copies > 1 ? `secret in ${copies} Regions` : "secret", copies, "secret");
  bill.add("requests", usage.secret.requests10k, "secret.requests");
};

/** Seconds below which an alarm is a high-resolution one. */
const highResolutionSeconds = 60;

const alarm: Pricer = ({ inputs }, bill) => {
  const queries = list(inputs.metricQueries).map(object);
  const metrics = Math.max(1, queries.filter((query) => Object.keys(object(query.metric)).length > 0).length);
  const periods = [inputs.period, ...queries.map((query) => object(query.metric).period)].map((one) =>
    number(one, 300),
  );
  const high = Math.min(...periods) < highResolutionSeconds;
  const anomaly = queries.some((query) => (text(query.expression) ?? "").startsWith("ANOMALY_DETECTION_BAND"));
  if (anomaly) bill.add("anomaly detection, metric and its two bands", 3, high ? "alarm.anomaly" : "alarm");
  else bill.add("metrics", metrics, high ? "alarm.high-resolution" : "alarm");
};

export const managementPricers: Readonly<Record<string, Pricer>> = {
  "aws:kms/key:Key": key,
  "aws:kms/replicaKey:ReplicaKey": key,
  "aws:secretsmanager/secret:Secret": secret,
  "aws:ssm/parameter:Parameter": ({ inputs }, bill) => {
    if (text(inputs.tier) === "Advanced") bill.add("advanced parameter", 1, "ssm.parameter.advanced");
    else bill.note("a standard parameter is free of charge");
  },
  "aws:cloudwatch/logGroup:LogGroup": ({ usage }, bill) =>
    void bill
      .add("ingested", usage.logGroup.ingestedGb, "logs.ingested")
      .add("stored", usage.logGroup.storedGb, "logs.stored"),
  // The filter is free of charge and its metric is not; AWS meters it as it does detailed monitoring (CW:MetricMonitorUsage).
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": (_context, bill) =>
    void bill.add("custom metric", 1, "ec2.detailed-monitoring"),
  "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": (_context, bill) => void bill.add("alarm", 1, "alarm.composite"),
  "aws:cloudwatch/logDelivery:LogDelivery": ({ usage }, bill) =>
    void bill.add("delivered", usage.logDelivery.deliveredGb, "logs.delivered"),
  "aws:cloudwatch/dashboard:Dashboard": (_context, bill) => void bill.add("dashboard", 1, "dashboard"),
  "aws:cloudwatch/eventBus:EventBus": ({ usage }, bill) =>
    void bill.add("events", usage.eventBus.eventsMillions, "events.custom"),
  "aws:scheduler/schedule:Schedule": ({ usage }, bill) =>
    void bill.add("invocations", usage.schedule.invocationsMillions, "schedule.invocations"),
  "aws:guardduty/detector:Detector": ({ usage }, bill) =>
    void bill
      .add("events", usage.guardduty.eventsMillions, "guardduty.events")
      .add("flow logs", usage.guardduty.flowLogsGb, "guardduty.flow-logs"),
  "aws:securityhub/account:Account": ({ usage }, bill) =>
    void bill.add("checks", usage.securityHub.checks, "securityhub.checks"),
  "aws:sfn/stateMachine:StateMachine": ({ usage }, bill) =>
    void bill.add("transitions", usage.stateMachine.transitions1k, "sfn.transitions"),
  "aws:cfg/recorder:Recorder": ({ usage }, bill) =>
    void bill.add("configuration items", usage.config.items, "config.items"),
  "aws:cfg/rule:Rule": ({ usage }, bill) =>
    void bill.add("evaluations", usage.config.evaluations, "config.evaluations"),
  "aws:cloudtrail/trail:Trail": ({ inputs, usage }, bill) => {
    bill.note("the first copy of management events is free of charge");
    const data = [...list(inputs.eventSelectors), ...list(inputs.advancedEventSelectors)].length > 0;
    if (data) bill.add("data events", usage.cloudtrail.dataEvents100k, "cloudtrail.data-events");
  },
};
