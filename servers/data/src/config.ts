import { decimalSetting, listSetting, urlSetting } from "@sophia/core/config/setting-schemas";
import { apify } from "@sophia/vendors/apify/service";
import { phantombuster } from "@sophia/vendors/phantombuster/service";
import { tavily } from "@sophia/vendors/tavily/service";
import { twingly } from "@sophia/vendors/twingly/service";
import { zenrows } from "@sophia/vendors/zenrows/service";
import { z } from "zod";

export const DataConfig = z.object({
  SOPHIA_DATA_ALLOW_PRIVATE: listSetting().describe(
    "Own hosts that fetch_page may read although they are private, comma separated: 10.0.0.0/8, 192.168.1.5, localhost, wiki.intranet:8080. Without a port every port is open, but never Sophia's own.",
  ),
  SOPHIA_DATA_CHROMIUM: z
    .string()
    .regex(/^(?:off|\/.+)$/, "off, or the full path of a program")
    .optional()
    .describe(
      "The Chromium or Chrome that shows pages which are empty without their scripts: a full path, or off. Without it an installed one is found.",
    ),
  SOPHIA_DATA_APPROVAL_USD: decimalSetting({ minimum: 0, maximum: 10_000 })
    .default(1)
    .describe("A collection that may cost more needs somebody's approval."),
  SOPHIA_DATA_CONTACT: urlSetting(["https:", "http:", "mailto:"])
    .optional()
    .describe("An address where site owners reach you; it is sent with each fetch as part of the user agent."),
});
export type DataConfig = z.output<typeof DataConfig>;

/** The same with the variables of the collecting services, which belong to the services themselves. */
export const DataSettings = z.object({
  ...DataConfig.shape,
  ...apify.config.shape,
  ...phantombuster.config.shape,
  ...tavily.config.shape,
  ...twingly.config.shape,
  ...zenrows.config.shape,
});
export type DataSettings = z.output<typeof DataSettings>;
