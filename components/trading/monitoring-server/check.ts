import type { Issue } from "../../common/validation";
import { pinnedImage, type MonitoringImage } from "../monitoring-images";

/** What is wrong with the images of a monitoring server; paths are those of the section `monitoringServer`. */
export function checkMonitoringServer(images: Readonly<Partial<Record<MonitoringImage, string | undefined>>>): Issue[] {
  const given = Object.entries(images) as [MonitoringImage, string | undefined][];
  return given
    .filter(([, image]) => image !== undefined && !pinnedImage.test(image))
    .map(([name, image]) => ({
      path: `images.${name}`,
      problem: "is not pinned",
      value: image,
      allowed: "registry/name:release, with a digest behind it at best; never latest",
    }));
}
