// Rules for contents and the traffic that they are looked for in: segments of 1,500 bytes of a mix like HTTP's, of which one in a thousand
// has what a rule is about.
import { address, frame, tcpPacket, times } from "./middlebox-frames.mjs";
import { randomFrom } from "./rule-lists.mjs";

const folders = "/cgi-bin/ /scripts/ /admin/ /wp-content/plugins/ /_vti_bin/ /iisadmpwd/ /servlet/ /phpmyadmin/".split(
  " ",
);
const programs =
  "cmd root shell passwd phf test upload config count guestbook formmail search login backup eval exec".split(" ");
const endings = [".exe", ".cgi", ".pl", ".php?id=", ".asp", ".ida", ".htr", "|90 90 90 90|", "=../../", "%00"];
const words =
  `GET POST HTTP/1.1 Host: www.example.com User-Agent: Mozilla/5.0 (X11; Linux x86_64) Accept: text/html,*/*;q=0.8
  Accept-Language: en-US,en;q=0.5 Accept-Encoding: gzip, deflate Cookie: session= <html><head><title> </title> <div class=
  <script src= </script> <a href="http:// function( ) { return document.getElementById( var the of and to in is that for
  index.php?id= /images/logo.png /cgi-bin/ .css .js color: #fff; margin: 0px; background-image url( content-type:
  charset=utf-8 Last-Modified: Tue, 15 Nov 2022 12:45:26 GMT ETag: Cache-Control: max-age=3600 Set-Cookie: path=/;`.split(
    /\s+/,
  );
const pick = (random, list) => list[random(list.length)];

/** So many different contents, as rules have them. */
export function contents(count) {
  const random = randomFrom(7);
  const all = new Set();
  while (all.size < count)
    all.add(pick(random, folders) + pick(random, programs) + random(1000).toString(36) + pick(random, endings));
  return [...all];
}
/** A rule for each, every second one for small letters and large ones alike. */
export const contentRules = (all) =>
  all.map((content, i) => {
    const options = `content:"${content}"; ${i % 2 ? "nocase; " : ""}sid:${i + 1};`;
    return `alert tcp any any -> any any (msg:"rule ${i + 1}"; ${options})`;
  });

const bodySize = 1446;
const framesWith = 1000;

/** Segments, of which one in a thousand has one of the contents. */
export function webFrames(all, count) {
  const random = randomFrom(8);
  const body = () => {
    let text = "";
    while (text.length < bodySize)
      text += random(5) === 0 ? `${random(1e9).toString(36)} ` : `${pick(random, words)}${random(8) ? " " : "\r\n"}`;
    return new TextEncoder().encode(text.slice(0, bodySize));
  };
  return times(count, (i) => {
    const data = body();
    const content = all.filter((each) => !each.includes("|"))[i % 7];
    if (i % framesWith === 500) data.set(new TextEncoder().encode(content), 700);
    const values = { ack: 1, sequenceNumber: (i + 1) * bodySize };
    return frame(
      tcpPacket(address("203.0.113.0") + (i % 100), address("192.0.2.80"), 1024 + (i % 40), 80, values, data),
    );
  });
}
