import { stemOf } from "./words.ts";

/** Words that may stand for each other in a question without changing its answer; the first names the group. */
const groups = `
buy purchase; fix repair; begin start commence; end finish; way method approach; method manner; picture photo image photograph;
movie film; car automobile; phone cellphone mobile telephone; kid child; job occupation; gain acquire obtain get; large big; little small;
quick fast rapid; quickest fastest; hard difficult tough; easy simple; error mistake; shop store; sick ill; correct right; important essential crucial;
happen occur; choose select pick; happy glad; answer reply response; ask inquire; talk speak chat; tell inform; show display; help assist aid;
need require; use utilize utilise; try attempt; make create; build construct; think believe; like enjoy; want wish desire; look appear; see view;
keep maintain; give provide; allow permit; enough sufficient; whole entire; near close; smart intelligent clever; pretty beautiful; rich wealthy; stop quit cease;
reduce decrease lessen lower; increase raise boost; improve enhance better; remove delete erase; change alter modify; check verify; cancel terminate; close shut;
trip journey travel; flight plane; holiday vacation; house home; apartment flat; elevator lift; gas petrol gasoline fuel; garbage trash rubbish; pants trousers; soccer football;
lawyer attorney; doctor physician; teacher instructor; boss manager; worker employee; salary pay wage; money cash fund; price cost fee charge; cheap inexpensive affordable; expensive costly;
company firm business; country nation; city town; road street; type kind sort; part portion; problem issue trouble; reason cause; result outcome; difference distinction; advantage benefit; disadvantage drawback;
example instance; idea thought; goal aim objective; question query; info information; message text; email mail; app application; website site; password passcode; login signin; signup register; photo pic;
weight mass; lose drop; get receive; say state; called named; named titled; movie movies; film films; learn study; understand comprehend; remember recall; explain describe; define definition; mean meaning; compute calculate; approximately about around roughly;
color colour; favorite favourite; center centre; license licence; program programme; organize organise; analyze analyse; recognize recognise; realize realise; gray grey; tv television; fridge refrigerator; maths math mathematics; ad advertisement advert;
usa us america states; uk britain england; eu europe; nyc york; la angeles; sf francisco; ai artificial; ml machine; ui interface; os system; db database; k8s kubernetes; js javascript; ts typescript; postgres postgresql; repo repository; config configuration settings setting; doc document; docs documents;
credit card; tell say; trip visit; possible feasible; currently now presently; old aged; young youthful; funny amusing; scary frightening; weird strange odd; angry mad; sad unhappy; tired exhausted; big huge; good great; bad terrible; best greatest top; worst poorest;
everyone everybody; anyone anybody; someone somebody; nobody noone; till until; though although; maybe perhaps; ok okay; hi hello hey; bye goodbye; thanks thank; yes yeah yep; often frequently; rarely seldom; almost nearly; also too; really truly; mostly mainly; usually normally;
exam test; college university; school academy; degree diploma; student pupil; course class; grade mark; essay paper; homework assignment; mumbai bombay; beijing peking; kolkata calcutta; chennai madras; bengaluru bangalore; istanbul constantinople; myanmar burma; wifi wi-fi; e-mail email; covid coronavirus covid19;
flu influenza; medicine drug medication; pain ache; belly stomach tummy; weight fat; workout exercise; diet nutrition; pimple acne; zit pimple; hair hairs; skin complexion; sleep rest; dream nightmare; baby infant; woman lady; man guy; friend buddy pal; wedding marriage; husband spouse; wife spouse;
transfer send move wire; top-up topup; atm cashpoint; statement bill; refund reimbursement reimburse; declined rejected refused; block freeze; activate enable; deactivate disable; track trace; arrive come; deliver ship; order purchase; reserve book; booking reservation; restaurant eatery; meal food; hotel lodging; song track tune; music songs; volume loudness; play start;
shopping grocery groceries; list lists; reminder alert; alarm wake; timer countdown; weather forecast; temperature temp; traffic congestion; direction route; location place position; map maps; distance far; vacation leave pto; schedule appointment; meeting appointment; calendar agenda; joke funny; fact trivia; translate say; spell spelling; pronounce say
`;

const groupOf = new Map<string, Set<number>>();
for (const [index, group] of groups.replaceAll("\n", " ").split(";").entries()) {
  for (const word of group.trim().split(/\s+/u)) {
    for (const form of [word, stemOf(word)]) groupOf.set(form, (groupOf.get(form) ?? new Set()).add(index));
  }
}

/** Whether one may stand for the other: the same stem, a spelling of it, or a listed synonym. */
export function meanTheSame(left: { text: string; stem: string }, right: { text: string; stem: string }): boolean {
  if (left.stem === right.stem) return true;
  if (shareStem(left.stem, right.stem)) return true;
  const groupsLeft = groupOf.get(left.text) ?? groupOf.get(left.stem);
  const groupsRight = groupOf.get(right.text) ?? groupOf.get(right.stem);
  if (!groupsLeft || !groupsRight) return false;
  for (const group of groupsLeft) if (groupsRight.has(group)) return true;
  return false;
}

/** Endings that make another word class of the same stem: `expire`, `expiration`, `expiry`. */
const classEndings =
  /(?:ations?|ition|tion|sion|ion|ment|ments|ness|able|ible|al|ally|er|ers|or|ors|ist|ists|ism|ive|ity|ies|y|ly|ance|ence|ed|ing|e|es|s)$/u;

function shareStem(left: string, right: string): boolean {
  const [shorter, longer] = left.length <= right.length ? [left, right] : [right, left];
  if (shorter.length < 4 || !longer.startsWith(shorter.slice(0, Math.max(4, shorter.length - 2)))) return false;
  const bare = (word: string) => word.replace(classEndings, "");
  return bare(shorter) === bare(longer) || longer === shorter || bare(longer) === shorter;
}
