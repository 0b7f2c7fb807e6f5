const unit = String.raw`(?:px|em|rem|%|pt)?\s*(?:!important\s*)?(?:;|$)`;
const zero = String.raw`(?:0+(?:\.0+)?|\.0+)${unit}`;
/** Below a tenth: nobody reads that. */
const faint = String.raw`(?:0+(?:\.0\d*)?|\.0\d*)${unit}`;
const far = String.raw`-\s*(?:\d{4,}|[3-9]\d\d)(?:\.\d+)?(?:px|pt)?|-\s*(?:\d{2,})(?:em|rem|vw|vh)|-\s*\d{3,}%`;

/** Inline declarations that keep text from a reader's eye. */
const hidingDeclarations: readonly RegExp[] = [
  /(?:^|;)\s*display\s*:\s*none/,
  /(?:^|;)\s*visibility\s*:\s*(?:hidden|collapse)/,
  /(?:^|;)\s*content-visibility\s*:\s*hidden/,
  new RegExp(String.raw`(?:^|;)\s*opacity\s*:\s*${faint}`),
  new RegExp(String.raw`(?:^|;)\s*font-size\s*:\s*(?:${zero}|(?:1|0?\.\d+)px)`),
  new RegExp(String.raw`(?:^|;)\s*font\s*:\s*0(?:px|pt)?[\s/]`),
  new RegExp(String.raw`(?:^|;)\s*text-indent\s*:\s*(?:${far})`),
  /(?:^|;)\s*clip\s*:\s*rect\(\s*(?:0|1px)/,
  /(?:^|;)\s*clip-path\s*:\s*(?:inset\(\s*(?:100|[5-9]\d)%|circle\(\s*0|polygon\(\s*0(?:px|%)?\s+0(?:px|%)?\s*,\s*0(?:px|%)?\s+0)/,
  /(?:^|;)\s*transform\s*:[^;]*(?:scale[xy3d]*\(\s*0(?:\.0+)?\s*[,)]|translate[xy3d]*\([^)]*-\s*(?:\d{4,}px|\d{3,}(?:%|vw|vh)))/,
  /(?:^|;)\s*filter\s*:[^;]*opacity\(\s*0(?:\.0\d*)?%?\s*\)/,
];
/** Text without a colour of its own shows all the same where the background is cut to its letters. */
const colorless =
  /(?:^|;)\s*(?:-webkit-text-fill-)?color\s*:\s*(?:transparent|rgba\([^)]*[,/]\s*0(?:\.0+)?%?\s*\)|hsla\([^)]*[,/]\s*0(?:\.0+)?%?\s*\)|#[\da-f]{3}0(?:[;\s]|$)|#[\da-f]{6}00)/;
const letterBackground = /background-clip\s*:\s*text/;
const offScreen = new RegExp(
  String.raw`(?:^|;)\s*(?:left|right|top|bottom|margin-left|margin-top|inset)\s*:\s*(?:${far})`,
);
/** Far to the right: only what is placed by hand gets there. Far down is a long page. */
const farRight =
  /(?:^|;)\s*(?:left|margin-left|text-indent)\s*:\s*\+?(?:[5-9]\d{3}|\d{5,})(?:\.\d+)?(?:px|pt)?\s*(?:!important\s*)?(?:;|$)/;
const zeroBox = new RegExp(String.raw`(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*(?:${zero}|1px)`);

/** True when an inline style makes the element's text invisible. */
export function isHidingStyle(style: string): boolean {
  const text = style
    .slice(0, 4000)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\\([\da-f]{1,6})\s?/gi, (_escape, code: string) => toCharacter(code))
    .toLowerCase();
  if (hidingDeclarations.some((pattern) => pattern.test(text))) return true;
  if (offScreen.test(text) || farRight.test(text)) return true;
  if (colorless.test(text) && !letterBackground.test(text)) return true;
  if (zeroBox.test(text) && /overflow(?:-[xy])?\s*:\s*(?:hidden|clip)/.test(text)) return true;
  return hasTextInBackgroundColor(text);
}

function toCharacter(code: string): string {
  const point = Number.parseInt(code, 16);
  return point > 0 && point <= 0x10_ff_ff ? String.fromCodePoint(point) : "";
}

function hasTextInBackgroundColor(style: string): boolean {
  const color = /(?:^|;)\s*color\s*:\s*([^;!]+)/.exec(style)?.[1];
  const background = /(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)/.exec(style)?.[1];
  return color !== undefined && background !== undefined && toColor(color) === toColor(background);
}

export function toColor(value: string): string {
  const text = value.trim().replace(/\s+/g, "");
  if (text === "white") return "#ffffff";
  if (text === "black") return "#000000";
  const rgb = /^rgba?\((\d+),(\d+),(\d+)(?:,1)?\)$/.exec(text);
  if (rgb) return `#${[rgb[1], rgb[2], rgb[3]].map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
  const short = /^#([\da-f])([\da-f])([\da-f])$/.exec(text);
  if (short) return `#${[short[1], short[2], short[3]].map((digit) => `${digit}${digit}`).join("")}`;
  return text;
}
