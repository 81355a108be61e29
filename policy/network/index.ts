import type { Family } from "../frame/policy";
import { ingress } from "./ingress";
import { publicAddresses } from "./public-addresses";
import { publicServices } from "./public-services";
import { vpc } from "./vpc";

export const network: Family = {
  key: "network",
  title: "Network exposure",
  policies: [...publicAddresses, ...publicServices, ...ingress, ...vpc],
};
