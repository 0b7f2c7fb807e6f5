import { expect, test } from "vitest";
import { findLanguage } from "./language.ts";

const samples: Record<string, string> = {
  en: "The weather in the north of the country was not as cold as it had been the year before, and people were glad of it. They went out to the parks with their families and stayed for hours in the sun.",
  de: "Das Wetter im Norden des Landes war nicht so kalt wie im Jahr zuvor, und die Menschen freuten sich darüber. Sie gingen mit ihren Familien in die Parks und blieben für Stunden in der Sonne, die auf dem Wasser lag.",
  fr: "Le temps dans le nord du pays n'était pas aussi froid que l'année précédente, et les gens en étaient contents. Ils sont allés dans les parcs avec leurs familles et ils y sont restés pour des heures au soleil.",
  es: "El tiempo en el norte del país no era tan frío como el año anterior, y la gente se alegró de ello. Fueron a los parques con sus familias y se quedaron durante horas al sol, que no se había visto en las semanas.",
  pl: "Pogoda na północy kraju nie była tak zimna jak w zeszłym roku i ludzie się z tego cieszyli. Poszli do parków z rodzinami i zostali tam na wiele godzin, bo słońce jest w tym roku rzadkie, ale to się zmienia i że tak jest.",
  ja: "北部の天気は前の年ほど寒くなく、人々はそれを喜んだ。家族と公園へ行き、何時間も日なたで過ごした。",
  ko: "북부의 날씨는 작년만큼 춥지 않았고 사람들은 그것을 기뻐했다. 가족과 함께 공원에 갔다.",
  zh: "北方的天气没有前一年那么冷，人们为此感到高兴。他们和家人一起去公园，在阳光下待了几个小时。",
  ru: "Погода на севере страны была не такой холодной, как годом раньше, и люди этому радовались.",
};

test.each(Object.entries(samples))("knows %s by its text", (language, text) => {
  expect(findLanguage(text, null)).toBe(language);
});

test.each([
  ["the text against a template's claim", samples["en"] ?? "", "de", "en"],
  ["the claim for a short text", "Guten Tag", "de", "de"],
  ["the claim between languages of one script", samples["ru"] ?? "", "bg", "bg"],
  [
    "the claim for a language without word list",
    "Ez itz egin nahi dut zurekin gaur arratsaldean etxean bertan lasai.",
    "eu",
    "eu",
  ],
  ["nothing for no text", "", null, null],
])("believes %s", (_name, text, stated, expected) => {
  expect(findLanguage(text, stated)).toBe(expected);
});
