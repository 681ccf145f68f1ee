/** The system's Chromium is driven; puppeteer downloads nothing. */
module.exports = { skipDownload: true };
