"""Headers of every answer: of pages, files, problems and of the API alike."""

# Every feature that browsers ask about, but for copying and passkeys.
_OFF = """
accelerometer autoplay browsing-topics camera clipboard-read compute-pressure
display-capture encrypted-media fullscreen gamepad geolocation gyroscope hid
identity-credentials-get idle-detection keyboard-map local-fonts magnetometer microphone
midi otp-credentials payment picture-in-picture screen-wake-lock serial storage-access usb
window-management xr-spatial-tracking
"""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF.split()),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
