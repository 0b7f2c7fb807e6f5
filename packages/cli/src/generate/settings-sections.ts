import { PlatformSettings } from "@sophia/core/config/platform-config";
import { services } from "@sophia/vendors/registry";
import { listServiceSections } from "@sophia/vendors/render-env-example";
import type { SettingsSection } from "@sophia/vendors/render-env-example";
import { CliSettings } from "../load-config.ts";
import { serverSettings } from "../server-settings.ts";

/** Every variable Sophia reads, in the order of `.env.example`. */
export function listSettingsSections(): SettingsSection[] {
  return [
    { title: "Sophia", settings: PlatformSettings },
    { title: "Command line", settings: CliSettings },
    ...serverSettings,
    ...listServiceSections(services),
  ];
}
