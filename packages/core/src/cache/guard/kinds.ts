import { stemOf } from "./words.ts";

/**
 * Members of one kind exclude each other: a question about Monday is not one about Friday. A word with `=` is another
 * spelling of the one before it. Kinds marked `!` count even when the other question names none of them.
 */
const kinds: Record<string, string> = {
  "weekday!": "monday=mon tuesday=tue=tues wednesday=wed thursday=thu=thurs friday=fri saturday sunday weekend weekday",
  "day!":
    "today tomorrow yesterday tonight overmorrow heute morgen gestern hoy ayer mañana manana aujourd'hui demain hier oggi domani ieri",
  "season!": "spring summer autumn winter",
  "holiday!":
    "christmas=xmas easter thanksgiving halloween diwali ramadan eid hanukkah passover valentine newyear carnival holi",
  turn: "next previous=prior last current upcoming=coming",
  colour:
    "red blue green yellow orange purple pink brown black white grey=gray silver gold violet turquoise beige navy maroon cyan magenta",
  direction: "north south east west northeast northwest southeast southwest",
  relative:
    "mother=mom=mum=mommy father=dad=daddy brother sister son daughter husband wife uncle aunt cousin nephew niece grandmother=grandma grandfather=grandpa boyfriend girlfriend fiance boss colleague=coworker neighbour=neighbor roommate friend",
  meal: "breakfast lunch dinner brunch supper snack dessert",
  daypart: "morning noon afternoon evening night midnight midday dawn dusk",
  body: "head neck shoulder arm elbow wrist hand finger thumb chest back stomach hip leg knee ankle foot=feet toe eye ear nose mouth tooth=teeth skin hair heart liver kidney lung brain",
  animal:
    "dog=puppy cat=kitten horse cow pig sheep goat chicken duck fish bird rabbit mouse rat snake lion tiger bear wolf elephant monkey turtle frog spider bee ant shark whale parrot hamster",
  food: "apple banana orange lemon grape strawberry mango pear peach pineapple potato tomato onion garlic carrot rice pasta bread cheese butter milk egg beef pork lamb chicken turkey salmon tuna shrimp bean corn soup salad pizza burger sandwich sushi lasagna curry taco cake cookie=cookies pie pancake pancakes chocolate coffee tea beer wine juice sugar salt pepper honey",
  instrument: "guitar piano violin drum flute trumpet cello saxophone ukulele harp bass clarinet",
  sport:
    "football=soccer basketball baseball tennis golf cricket hockey rugby volleyball swimming boxing cycling running skiing wrestling badminton",
  vehicle:
    "car truck bus train plane=airplane=aeroplane=flight bicycle=bike motorcycle=motorbike boat ship taxi=cab van subway=metro tram ferry helicopter scooter",
  material:
    "wood metal plastic glass paper leather cotton wool silk steel iron copper aluminum=aluminium gold silver stone concrete",
  subject:
    "math=maths=mathematics physics chemistry biology history geography economics psychology philosophy literature law medicine engineering accounting marketing statistics sociology",
  planet: "mercury venus earth mars jupiter saturn uranus neptune pluto moon sun",
  degree: "bachelor=bachelors=undergraduate master=masters=postgraduate phd=doctorate diploma mba",
  account: "checking savings=saving credit debit brokerage retirement joint",
  document: "passport visa license=licence invoice receipt contract certificate permit ticket prescription resume=cv",
  trade:
    "doctor nurse lawyer=attorney teacher engineer plumber electrician dentist accountant architect pilot chef carpenter mechanic surgeon pharmacist",
  room: "kitchen bathroom bedroom garage basement attic hallway office livingroom balcony",
  appliance:
    "light lamp fan heater thermostat television=tv oven fridge=refrigerator dishwasher washer dryer microwave vacuum speaker",
  device:
    "phone=smartphone laptop=notebook tablet desktop computer watch=smartwatch printer router keyboard camera monitor headphones",
  software: "windows macos=mac=osx linux android ios ubuntu debian fedora chrome firefox safari edge opera",
  language:
    "english spanish french german italian portuguese russian chinese=mandarin japanese korean arabic hindi dutch swedish norwegian danish finnish polish turkish greek hebrew thai vietnamese bengali tamil telugu urdu persian=farsi ukrainian czech hungarian romanian latin swahili indonesian malay",
  code: "python java javascript=js typescript=ts rust ruby perl php kotlin swift scala haskell golang c++ c# css html sql matlab fortran cobol lua r",
  product:
    "react angular vue django flask rails spring laravel docker kubernetes=k8s terraform ansible postgres=postgresql mysql sqlite mongodb redis kafka spark hadoop tensorflow pytorch numpy pandas excel word powerpoint outlook photoshop",
  currency:
    "usd=dollar=dollars eur=euro=euros gbp=pound=pounds jpy=yen cny=yuan=rmb inr=rupee=rupees chf=franc=francs cad aud krw=won rub=ruble=rubles brl=real mxn=peso=pesos bitcoin=btc ethereum=eth",
  length:
    "mile=miles=mi kilometre=kilometer=kilometres=kilometers=km metre=meter=metres=meters foot=feet=ft inch=inches yard=yards centimetre=centimeter=centimetres=centimeters=cm millimetre=millimeter=mm",
  weight:
    "kilogram=kilograms=kg=kilo gram=grams pound=pounds=lb=lbs ounce=ounces=oz ton=tons tonne=tonnes stone milligram=milligrams=mg",
  volume:
    "litre=liter=litres=liters gallon=gallons pint=pints quart=quarts cup=cups teaspoon=teaspoons=tsp tablespoon=tablespoons=tbsp millilitre=milliliter=ml",
  temperature: "celsius=centigrade fahrenheit kelvin",
  data: "bit=bits byte=bytes kilobyte=kilobytes=kb megabyte=megabytes=mb gigabyte=gigabytes=gb terabyte=terabytes=tb",
  period:
    "second=seconds=sec minute=minutes=min hour=hours=hr=hrs=hourly day=days=daily week=weeks=weekly month=months=monthly quarter=quarterly year=years=yearly=annual=annually decade century fortnight=biweekly",
  file: "pdf jpg=jpeg png gif csv json xml yaml docx xlsx txt mp3 mp4 wav svg zip",
  level: "beginner intermediate advanced expert",
  size: "tiny small medium large huge xl xxl",
  grade: "first second third fourth fifth sixth seventh eighth ninth tenth",
  number: "singular plural",
  scope: "all some none most few both either neither",
};

interface Membership {
  kind: string;
  member: string;
  strict: boolean;
}

const memberships = new Map<string, Membership[]>();
for (const [name, words] of Object.entries(kinds)) {
  const strict = name.endsWith("!");
  for (const spellings of words.split(/\s+/u)) {
    const [member = "", ...others] = spellings.split("=");
    for (const word of new Set([member, ...others].flatMap((spelling) => [spelling, stemOf(spelling)]))) {
      memberships.set(word, [...(memberships.get(word) ?? []), { kind: name, member, strict }]);
    }
  }
}

/** The kinds a word belongs to, and under which name. */
export function findKinds(word: { text: string; stem: string }): readonly Membership[] {
  return memberships.get(word.text) ?? memberships.get(word.stem) ?? [];
}
