import { stemOf } from "./words.ts";

/** Words that turn a question round when one stands in the other's place; `a b/c` is a against b and against c. */
const pairs = `
on off; up down; in out; inside outside; inner outer; indoor outdoor; over under; above below/under/beneath; before after;
ahead behind; front back/rear; left right; top bottom; north south; east west; northern southern; eastern western;
forward backward/back; near far; here there; open close/closed/shut; opened closed; lock unlock; start stop/end/finish;
begin end/finish/stop; first last/final; next previous/last; early late; earlier later; earliest latest; oldest newest;
old new/young; older newer/younger; ancient modern; past future; morning evening/night; day night; sunrise sunset;
increase decrease/reduce/lower; raise lower/reduce/drop; rise fall/drop; grow shrink; gain lose/loss; expand shrink/collapse;
more less/fewer; most least/fewest; maximum minimum; max min; maximize minimize; maximal minimal; high low; higher lower;
highest lowest; large small/little; larger smaller; largest smallest; big small/little; bigger smaller; biggest smallest;
long short; longer shorter; longest shortest; tall short; taller shorter; wide narrow; thick thin; deep shallow; heavy light;
heavier lighter; fast slow; faster slower; fastest slowest; quick slow; hot cold; hotter colder; warm cool; warmer cooler;
heat cool; wet dry; hard soft/easy; harder easier; hardest easiest; difficult easy; simple complex/complicated; strong weak;
stronger weaker; strength weakness; rich poor; cheap expensive/dear; cheaper pricier; cheapest priciest; full empty;
fill empty; good bad; better worse; best worst; right wrong; correct wrong/incorrect; true false; real fake; positive negative;
plus minus; add remove/subtract/delete/drop; supply demand; grant revoke; praise criticise/criticize; introduce abolish; acute obtuse; convex concave; attach detach; include exclude; insert delete/remove; create delete/destroy;
build destroy/demolish; install uninstall; enable disable; activate deactivate; enabled disabled; allow deny/forbid/block/prevent;
allowed forbidden/denied/blocked/prohibited; permit forbid/prohibit; legal illegal; lawful unlawful; accept reject/decline/refuse;
approve reject/deny/decline; agree disagree; confirm cancel/deny; like dislike/hate; love hate; friend enemy; help hurt/harm;
buy sell; bought sold; buyer seller; purchase sell; borrow lend; lender borrower; rent own; landlord tenant;
deposit withdraw/withdrawal; credit debit; income expense; profit loss; asset liability; revenue cost; pay charge; refund charge;
give take/receive; send receive; sender recipient/receiver; push pull; import export; importing exporting; upload download;
encrypt decrypt; encode decode; compress decompress/extract; lock release; mute unmute; follow unfollow; subscribe unsubscribe;
connect disconnect; connected disconnected; online offline; login logout; log-in log-out; signin signout; enter leave/exit;
arrive depart/leave; arrival departure; arriving departing/leaving; come go; pickup dropoff; inbound outbound; entrance exit;
incoming outgoing; ask answer/tell; question answer; teach learn; teacher student; doctor patient; employer employee;
hire fire; win lose; winner loser; won lost; victory defeat; pass fail; passed failed; success failure; succeed fail; attack defend/defence;
male female; man woman; men women; boy girl; boys girls; husband wife; son daughter; father mother; dad mom/mum; brother sister;
uncle aunt; nephew niece; king queen; actor actress; grandfather grandmother; grandpa grandma; boyfriend girlfriend; bride groom;
parent child; adult child; alive dead; live die; born died; birth death; sick healthy; ill healthy; awake asleep; wake sleep;
public private; internal external; local remote/global; domestic international/foreign; national international; single multiple/married;
married divorced/single; marry divorce; same different; similar different; equal unequal; always never; often rarely/seldom; usually rarely;
everything nothing; everyone nobody; everybody nobody; all none/no; every no; some none; any none; both neither; with without;
many few; much little; advantage disadvantage; pro con; pros cons; benefit drawback/risk; upside downside; strength drawback; possible impossible;
able unable; known unknown; safe dangerous/unsafe; safety danger; clean dirty; sharp dull; smooth rough; loud quiet/silent; dark light/bright;
day night; black white; sweet sour/bitter; raw cooked; fresh stale/frozen; hardware software; frontend backend; client server; read write;
reading writing; input output; source target/destination; ascending descending; vertical horizontal; row column; rows columns; width height;
length width; upper lower; uppercase lowercase; odd even; prefix suffix; synonym antonym; singular plural; active passive/inactive;
static dynamic; temporary permanent; manual automatic; optional mandatory/required; required optional; voluntary mandatory/compulsory; serious funny;
happy sad/unhappy; calm angry; polite rude; brave afraid; lazy hardworking; smart stupid/dumb; clever stupid; beautiful ugly; pretty ugly; tight loose;
tighten loosen; pack unpack; wrap unwrap; load unload; freeze thaw/unfreeze/melt; melt freeze; zip unzip; plug unplug; dress undress; build dismantle;
block unblock; ban unban; hide show/reveal; visible hidden/invisible; show hide; expose hide; save spend/delete/waste; keep discard/delete/lose; find lose;
found lost; remember forget; import export; immigrate emigrate; immigration emigration; ally enemy; war peace; innocent guilty; hero villain;
urban rural; city countryside; acid alkaline/base; liquid solid/gas; solid gas; import export; breakfast dinner/lunch; lunch dinner; weekday weekend;
until since; since until; minimumwage maximumwage; atleast atmost; upgrade downgrade; upstream downstream; promote demote; promotion demotion; overweight underweight;
overestimate underestimate; overcharge undercharge; ascend descend; climb descend; land takeoff; dusk dawn; summer winter; spring autumn/fall; ceiling floor; odd even;
cause effect/cure/prevent; cure cause; treat cause; strict lenient; formal informal; regular irregular/occasional; merge split; join leave/split; combine separate; together apart;
mean median; average total; gross net; debit credit; lease buy/purchase; renting buying; rent buy; rent purchase; sunny rainy/cloudy; rain snow/shine; hello goodbye/bye; yes no; play pause/stop; pause resume;
forwards backwards; clockwise counterclockwise/anticlockwise; gain lose; hot cold; spicy mild; domestic imported; vegetarian meat; vegan meat; personal business; work home; import export; theory practice;
widow widower; lord lady; prince princess; host guest; master servant/slave; predator prey; lead follow; leader follower; major minor; majority minority; superior inferior; senior junior; expert beginner/novice;
beginner advanced; basic advanced; introvert extrovert; optimist pessimist; optimistic pessimistic; conservative liberal; left-wing right-wing; democrat republican; legalize ban/criminalize;
an aus; ein aus; auf zu; an ab; oben unten; links rechts; vor nach; hoch niedrig; mit ohne; mehr weniger; gut schlecht; kaufen verkaufen; alt neu; groß klein; gross klein; viel wenig; warm kalt; immer nie; aktivieren deaktivieren; öffnen schließen; offnen schließen;
encender apagar; abrir cerrar; arriba abajo; antes después; antes despues; con sin; más menos; mas menos; comprar vender; alto bajo; mejor peor; bueno malo; grande pequeño; grande pequeno; activar desactivar; siempre nunca; derecha izquierda;
allumer éteindre; allumer eteindre; ouvrir fermer; avant après; avant apres; avec sans; plus moins; acheter vendre; haut bas; meilleur pire; bon mauvais; grand petit; activer désactiver; activer desactiver; toujours jamais; gauche droite;
accendere spegnere; aprire chiudere; prima dopo; con senza; più meno; piu meno; comprare vendere; alto basso; ligar desligar; abrir fechar; com sem; mais menos; comprar vender; aan uit; open dicht; voor na; met zonder; meer minder; kopen verkopen
`;

/** Prefixes that deny or undo the word they stand before. */
const reversing = ["un", "in", "im", "il", "ir", "dis", "non", "de", "mis", "anti", "counter", "de-", "non-", "anti-"];
/** Pairs of beginnings and of endings that say the contrary of each other on one stem. */
const turned: readonly (readonly [string, string])[] = [
  ["over", "under"],
  ["pre", "post"],
  ["up", "down"],
  ["in", "out"],
  ["in", "ex"],
  ["macro", "micro"],
  ["hyper", "hypo"],
  ["inter", "intra"],
  ["multi", "mono"],
  ["pro", "anti"],
  ["max", "min"],
];

const opposites = new Map<string, Set<string>>();
for (const entry of pairs.replaceAll("\n", " ").split(";")) {
  const [left, right] = entry.trim().split(/\s+/u);
  if (left === undefined || right === undefined) continue;
  for (const other of right.split("/")) {
    for (const [one, two] of [
      [left, other],
      [other, left],
      [stemOf(left), stemOf(other)],
      [stemOf(other), stemOf(left)],
    ] as const) {
      const known = opposites.get(one) ?? new Set();
      opposites.set(one, known.add(two));
    }
  }
}

/** Whether two words say the contrary of each other: by the list, or by how they are made (`lock` and `unlock`). */
export function areOpposite(left: { text: string; stem: string }, right: { text: string; stem: string }): boolean {
  const known = (one: string, two: string) => opposites.get(one)?.has(two) === true;
  if (known(left.text, right.text) || known(left.stem, right.stem)) return true;
  const graded = isGraded(left.text) || isGraded(right.text);
  if (graded && degreesOf(left.text).some((one) => degreesOf(right.text).some((two) => known(one, two)))) return true;
  if (left.stem.length < 3 || right.stem.length < 3) return false;
  // Made from one stem, they end or begin alike; most pairs do not, and are done with here.
  if (left.stem.at(-1) !== right.stem.at(-1) && left.text.slice(0, 3) !== right.text.slice(0, 3)) return false;
  return isReversed(left.stem, right.stem) || isReversed(right.stem, left.stem) || isTurned(left.text, right.text);
}

function isGraded(word: string): boolean {
  return word.endsWith("er") || word.endsWith("est");
}

/** `cheapest` and `cheaper` are opposed to whatever `cheap` is opposed to. */
function degreesOf(word: string): string[] {
  const base = /^(.{2,})(?:er|est)$/u.exec(word)?.[1];
  if (base === undefined) return [word];
  return [word, base, `${base}e`, base.replace(/i$/u, "y"), base.replace(/(.)\1$/u, "$1")];
}

function isReversed(plain: string, prefixed: string): boolean {
  return prefixed.endsWith(plain) && reversing.some((prefix) => prefixed === prefix + plain);
}

function isTurned(left: string, right: string): boolean {
  const byStart = turned.some(([one, two]) => swapped(left, right, one, two) || swapped(right, left, one, two));
  const cut = (word: string, ending: string) => (word.endsWith(ending) ? word.slice(0, -ending.length) : undefined);
  const full = cut(left, "ful") ?? cut(right, "ful");
  const less = cut(left, "less") ?? cut(right, "less");
  return byStart || (full !== undefined && full.length > 2 && full === less);
}

function swapped(left: string, right: string, one: string, two: string): boolean {
  if (!left.startsWith(one) || !right.startsWith(two)) return false;
  const rest = left.slice(one.length);
  return rest.length >= 3 && rest === right.slice(two.length);
}
