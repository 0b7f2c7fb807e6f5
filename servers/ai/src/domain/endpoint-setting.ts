import { z } from "zod";

/** One value for each endpoint that is named: `together=no_training, vllm=local`, by service as `list_models` shows it. */
export function endpointSetting<Value>(value: z.ZodType<Value, string>) {
  return z
    .string()
    .transform((text, context) => {
      const values = new Map<string, Value>();
      for (const item of text.split(",").map((part) => part.trim())) {
        if (item === "") continue;
        const [service = "", written = "", ...rest] = item.split("=").map((part) => part.trim());
        const parsed = value.safeParse(written);
        if (service === "" || rest.length > 0 || !parsed.success) {
          const message = `has "${item.slice(0, 60)}", which is no SERVICE=VALUE, or not one of its values`;
          context.issues.push({ code: "custom", message, input: text });
          return z.NEVER;
        }
        values.set(service, parsed.data);
      }
      return values as ReadonlyMap<string, Value>;
    })
    .default(new Map());
}
