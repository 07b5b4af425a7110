// The page of one trace.

take(JSON.parse($("data").textContent));
legend();
const wanted = /^#([\d.]+)-([\d.]+)$/.exec(location.hash);      // from and to, in milliseconds
if (wanted)
    show(wanted[1] * 1e6, wanted[2] * 1e6);
else
    fit();
draw();
