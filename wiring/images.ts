import { AmiPointers } from "../components/operations/ami-pointers";
import type { Platform } from "./platform";

export function wireImages(platform: Platform) {
  const { settings, tags } = platform;
  if (!settings.images) return undefined;
  const pointers = new AmiPointers("images", { ...settings.images, project: tags.project, stage: settings.stage });
  platform.amis = pointers.images;
  return pointers.values;
}
