// A service worker: the page works without a network after it has been loaded once. What the network
// has is newer, so it is asked first.

const FILES = @FILES@;
const KEPT = "jos";

self.addEventListener("install", (event) => {
    event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function answer(request) {
    const kept = await caches.open(KEPT);
    try {
        const found = await fetch(request);
        if (found.ok)
            await kept.put(request.url.split("?")[0], found.clone());
        return found;
    } catch (error) {
        return await kept.match(request, {ignoreSearch: true}) || Response.error();
    }
}

self.addEventListener("fetch", (event) => {
    if (event.request.method === "GET" && event.request.url.startsWith(self.registration.scope))
        event.respondWith(answer(event.request));
});
