// nodemailer.js PORT CA COUNT - sends mails as fast as nodemailer's pool takes them. Waits for a line "go FILE" on its
// standard input, sends FILE COUNT times over three connections, says "done", and waits for the next.
const fs = require("fs");
const readline = require("readline");
const nodemailer = require("nodemailer");

const [port, ca] = process.argv.slice(2);
const pool = nodemailer.createTransport({
    host: "localhost",
    port: Number(port),
    secure: false,
    requireTLS: true,
    pool: true,
    maxConnections: 3,
    maxMessages: Infinity,
    tls: { ca: fs.readFileSync(ca), servername: "localhost" },
});

async function send(file, count) {
    const mail = () => ({
        from: "scanner@contoso.com",
        to: "accounting@contoso.com",
        subject: "Scan",
        text: "A scan.\n",
        attachments: [{ filename: "scan.pdf", path: file }],
    });
    await Promise.all(Array.from({ length: count }, () => pool.sendMail(mail())));
}

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
    const [, count, file] = line.split(" ");
    await send(file, Number(count));
    console.log("done");
}).on("close", () => process.exit(0));
console.log("ready");
