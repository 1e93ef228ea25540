//! Exact bits of the functions everything rests on: another libm, or another way of compiling it, is seen here first,
//! and not as recordings that replay to other bytes.

/// A function of one number, two arguments, and the bits of each result.
type One = (&'static str, fn(f64) -> f64, [(f64, u64); 2]);
/// The same of two numbers.
type Two = (&'static str, fn(f64, f64) -> f64, [([f64; 2], u64); 2]);

const OF_ONE: &[One] = &[
    ("sin", libm::sin, [(0.5, 0x3fde_aee8_744b_05f0), (-3.0e5, 0xbfbb_6885_f8d1_df45)]),
    ("cos", libm::cos, [(0.5, 0x3fec_1528_065b_7d50), (-3.0e5, 0xbfef_d0e9_ec92_1065)]),
    ("sincos().0", |x| libm::sincos(x).0, [(0.5, 0x3fde_aee8_744b_05f0), (-3.0e5, 0xbfbb_6885_f8d1_df45)]),
    ("sincos().1", |x| libm::sincos(x).1, [(0.5, 0x3fec_1528_065b_7d50), (-3.0e5, 0xbfef_d0e9_ec92_1065)]),
    ("asin", libm::asin, [(0.3, 0x3fd3_8015_9e14_f6ff), (-0.99, 0xbff6_de3c_6f33_d51d)]),
    ("exp", libm::exp, [(-0.5, 0x3fe3_68b2_fc6f_960a), (12.3, 0x410a_d17f_e8cc_f016)]),
    ("log", libm::log, [(0.07, 0xc005_462a_2051_7cff), (1.0e9, 0x4034_b927_f32b_ffb8)]),
    ("erf", libm::erf, [(0.3, 0x3fd5_0838_881d_ea0f), (-1.9, 0xbfef_c4f0_6f2b_1c89)]),
    ("erfc", libm::erfc, [(0.3, 0x3fe5_7be3_bbf1_0af8), (4.5, 0x3deb_05cf_e2e9_9434)]),
    ("sinh", libm::sinh, [(0.3, 0x3fd3_7d42_af54_b926), (-7.0, 0xc081_2287_6ba3_80c9)]),
];

const OF_TWO: &[Two] = &[
    ("atan2", libm::atan2, [([1.0, -3.0], 0x4006_8f09_5fdf_593c), ([-2.5e4, 0.125], 0xbff9_21f6_1616_cae0)]),
    ("hypot", libm::hypot, [([3.1, 4.7], 0x4016_8566_e3aa_6849), ([1.0e6, -0.25], 0x412e_8480_0000_010c)]),
];

#[test]
fn the_functions_give_these_very_bits() {
    let mut wrong = Vec::new();
    for (name, function, results) in OF_ONE {
        for (x, bits) in results {
            let found = function(*x);
            if found.to_bits() != *bits {
                wrong.push(format!("{name}({x:?}) = {found:?}, bits {:#018x}", found.to_bits()));
            }
        }
    }
    for (name, function, results) in OF_TWO {
        for ([x, y], bits) in results {
            let found = function(*x, *y);
            if found.to_bits() != *bits {
                wrong.push(format!("{name}({x:?}, {y:?}) = {found:?}, bits {:#018x}", found.to_bits()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
