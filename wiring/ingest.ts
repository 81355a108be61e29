import { ingestEndpoint, MarketDataIngest } from "../components/trading/market-data-ingest";
import type { Platform } from "./platform";

/** What readers of market data are told: known before the server is made, so that they need not wait for it. */
export function marketDataEnvironment({ settings, network }: Platform): Readonly<Record<string, string>> {
  const subnet = network?.appSubnets[0];
  return settings.ingest && subnet ? { MARKET_DATA_URL: ingestEndpoint(subnet.cidr, settings.ingest.port) } : {};
}

export function wireIngest({ settings, cloud, tags, network, data, marketDataReaders, alarmTopics, amis }: Platform) {
  const subnet = network?.appSubnets[0];
  const bucket = data?.buckets?.buckets.marketData;
  if (!settings.ingest || !network || !subnet || !bucket) return undefined;
  const ingest = new MarketDataIngest("ingest", {
    ...settings.ingest,
    cloud,
    ami: settings.ingest.ami ?? amis?.ingest,
    project: tags.project,
    stack: tags.stack,
    stage: settings.stage,
    vpcId: network.vpcId,
    subnet,
    bucketArn: bucket.arn,
    bucketKeyArn: bucket.kmsKeyArn,
    readers: marketDataReaders,
    alarmTopicArn: alarmTopics?.critical,
  });
  return { endpoint: ingest.endpoint, deliveryStream: ingest.deliveryStreamName };
}
