const firstNamesOfWomen =
  'Ada Alma Amelia Anna Aria Astrid Ava Beatriz Camila Carmen Chloé Clara Daphne Elena Ella Emily Emma Esther Eva Fiona Freya Grace Hana Hazel Inés Iris Isla Ivy Jade Jana June Kayla Lara Laila Leah Lena Lily Lola Lucía Mabel Maya Mia Mila Nadia Naomi Nina Nora Olivia Paula Petra Priya Rosa Ruby Sara Selma Sofía Stella Tara Tessa Vera Wilma Yara Yuki Zoë'.split(
    ' ',
  );
const firstNamesOfMen =
  'Aaron Adam Albert Amir André Anton Arlo Axel Ben Bruno Caleb Carl Cole Dan David Diego Elias Emil Eric Ethan Félix Finn Frank Gabriel George Hugo Ian Isaac Ivan Jack Jacob Jamal James Joel Jonas José Julian Kai Karim Kevin Leo Liam Louis Lucas Marco Mateo Max Milo Nathan Noah Oscar Owen Paul Rafael Ravi Ryan Sam Simon Theo Tom Victor Walter Wyatt Zane'.split(
    ' ',
  );
const lastNames =
  'Abbott Adams Alvarez Andrews Baker Barnes Becker Bell Bennett Berg Bishop Blake Boyd Brooks Burke Byrne Campbell Carter Castillo Chen Clarke Cohen Cole Cooper Cruz Dalton Davies Diaz Doyle Duarte Ellis Evans Farrell Ferreira Fischer Fleming Flores Foster Fox García Gibson Goldberg Gomez Graham Grant Greene Griffin Gutiérrez Haas Hale Hansen Harper Hart Hayes Hernández Hill Hoffman Holm Howard Hughes Hunt Ito Jackson Jensen Jones Kaplan Keller Kelly Khan Kim King Klein Koch Kowalski Lam Larsen Lawson Lee Lewis Lin Lopez Lund Mann Marsh Martin Mason Meyer Miller Mills Moore Moreno Morgan Murphy Nguyen Nolan Novak Nuñez O’Brien Olsen Ortiz Owens Page Palmer Park Patel Perry Peters Porter Quinn Ramos Reed Reyes Rhodes Rivera Rossi Ruiz Russell Sanders Santos Schmidt Scott Shah Shaw Silva Singh Sloan Smith Sousa Stein Stone Suzuki Taylor Thomas Torres Tran Turner Vargas Vega Wagner Walsh Ward Watson Weber Wells White Wolf Wong Wood Wright Yang Young Zimmerman'.split(
    ' ',
  );

export const firstNames: Readonly<Record<'F' | 'M', readonly string[]>> = {
  F: firstNamesOfWomen,
  M: firstNamesOfMen,
};
export { lastNames };

/** Browsers of the years around 2018, in the forms that their makers document; most frequent first. */
export const userAgents: readonly string[] = [
  ...['70.0.3538.77', '70.0.3538.110', '69.0.3497.100', '71.0.3578.80'].flatMap((version) =>
    ['Windows NT 10.0; Win64; x64', 'Macintosh; Intel Mac OS X 10_14_1', 'Windows NT 6.1; WOW64'].map(
      (system) =>
        `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36`,
    ),
  ),
  ...['12_1', '12_0_1', '11_4_1'].map(
    (system) =>
      `Mozilla/5.0 (iPhone; CPU iPhone OS ${system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.0 Mobile/15E148 Safari/604.1`,
  ),
  'Mozilla/5.0 (iPad; CPU OS 12_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.0 Mobile/15E148 Safari/604.1',
  ...['SM-G960U', 'SM-G950F', 'Pixel 3', 'Pixel 2 XL'].map(
    (device) =>
      `Mozilla/5.0 (Linux; Android 9; ${device}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.80 Mobile Safari/537.36`,
  ),
  ...['63.0', '62.0', '60.0'].flatMap((version) =>
    ['Windows NT 10.0; Win64; x64', 'X11; Linux x86_64', 'Macintosh; Intel Mac OS X 10.14'].map(
      (system) => `Mozilla/5.0 (${system}; rv:${version}) Gecko/20100101 Firefox/${version}`,
    ),
  ),
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_1) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.0.1 Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763',
  'Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko',
];
